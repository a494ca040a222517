// given: {"events": [0]}
// expect: {"delivered": [[0, [1800000000, 1800000000000, "2027-01-15 08:00:00+0000", "2027-01-15T17:00:00+09:00", 1800000000000, "1970-01-01T00:00:01.000Z"]]]}
export const onPublish = (ctx) => {
  const { time } = util
  const all = [
    time.nowEpochSeconds(),
    time.nowEpochMilliSeconds(),
    time.nowFormatted('yyyy-MM-dd HH:mm:ssZ'),
    time.epochMilliSecondsToFormatted(1800000000000, "yyyy-MM-dd'T'HH:mm:ssXXX", '+09:00'),
    time.parseISO8601ToEpochMilliSeconds('2027-01-15T08:00:00Z'),
    time.epochMilliSecondsToISO8601(1000),
  ]
  return ctx.events.map(({ id }) => ({ id, payload: all }))
}
