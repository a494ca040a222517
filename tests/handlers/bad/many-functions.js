// expect: PV306 42:17?
function f0(n) {
  return n + 0
}

function f1(n) {
  return n + 1
}

function f2(n) {
  return n + 2
}

function f3(n) {
  return n + 3
}

function f4(n) {
  return n + 4
}

function f5(n) {
  return n + 5
}

function f6(n) {
  return n + 6
}

function f7(n) {
  return n + 7
}

function f8(n) {
  return n + 8
}

function last(n) {
  return f0(n) + f1(n) + f2(n) + f3(n) + f4(n) + f5(n) + f6(n) + f7(n) + f8(n)
}

export function onPublish(ctx) {
  return last(0) ? ctx.events : []
}
