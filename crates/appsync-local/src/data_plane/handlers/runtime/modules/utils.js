// `@aws-appsync/utils`: what is there without an import, too.
const [u, r, e] = [util, runtime, extensions]
export { u as util, r as runtime, e as extensions }
