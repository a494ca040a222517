// given: {"events": ["a b&ü"]}
// expect: {"delivered": [[0, ["a+b%26%C3%BC", "a b&ü", "YSBiJsO8", "a b&ü", "it\\'s \\\"\\u00FC\\\"\\n", 36, 26, 27]]]}
export const onPublish = (ctx) =>
  ctx.events.map(({ id, payload }) => ({
    id,
    payload: [
      util.urlEncode(payload),
      util.urlDecode(util.urlEncode(payload)),
      util.base64Encode(payload),
      util.base64Decode(util.base64Encode(payload)),
      util.escapeJavaScript('it\'s "ü"\n'),
      util.autoId().length,
      util.autoUlid().length,
      util.autoKsuid().length,
    ],
  }))
