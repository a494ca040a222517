// given: {"events": [1]}
// expect: {"delivered": [], "failed": [], "dropped": [0]}
export function onPublish(ctx) {}
