// given: {"subscribe": true}
// expect: {"allowed": true}
// given: {"events": [1]}
// expect: {"delivered": [[0, 1]]}
export const other = 1
