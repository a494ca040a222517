// expect: PV331 5:8?
import { util } from '@aws-appsync/utils'

export function onSubscribe() {
  util.unauthorised()
}
