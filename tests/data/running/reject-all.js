// given: {"events": [1, 2]}
// expect: {"delivered": [], "failed": [], "dropped": [0, 1]}
export const onPublish = () => []
