function join(first, ...rest) {
  return [first, ...rest].join('/')
}

export function onPublish({ events, info }) {
  const { channel: { segments: [name, ...others] } } = info
  console.log(join(name, ...others))
  return events
}
