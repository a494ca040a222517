// expect: PV305 2:14
export const onSubscribe = 'yes'
