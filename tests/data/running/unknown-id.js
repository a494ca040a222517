// given: {"events": [1]}
// expect: {"broken": "returned the id `x`, which no event has"}
export const onPublish = () => [{ id: 'x', payload: 1 }]
