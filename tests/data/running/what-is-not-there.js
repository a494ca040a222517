// given: {"events": [0]}
// expect: {"delivered": [[0, [["Date", "undefined"], ["Map", "undefined"], ["Promise", "undefined"], ["Function", "undefined"], ["eval", "undefined"], ["globalThis", "undefined"], ["Error", "undefined"], ["Symbol", "undefined"], ["Reflect", "undefined"], ["parseInt", "undefined"], ["$host", "undefined"], ["abs", "undefined"], ["constructor", "undefined"]]]]}
export const onPublish = (ctx) => {
  const all = [
    ['Date', typeof Date],
    ['Map', typeof Map],
    ['Promise', typeof Promise],
    ['Function', typeof Function],
    ['eval', typeof eval],
    ['globalThis', typeof globalThis],
    ['Error', typeof Error],
    ['Symbol', typeof Symbol],
    ['Reflect', typeof Reflect],
    ['parseInt', typeof parseInt],
    ['$host', typeof $host],
    ['abs', typeof Math.abs],
    ['constructor', typeof onPublish.constructor],
  ]
  return ctx.events.map(({ id }) => ({ id, payload: all }))
}
