// expect: PV322 3:21, PV322 6:21
const even = (n) => {
  return n === 0 || odd(n - 1)
}
const odd = (n) => {
  return n !== 0 && even(n - 1)
}

export function onPublish(ctx) {
  return typeof even ? ctx.events : []
}
