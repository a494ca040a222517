// given: {"events": [0]}
// expect: {"broken": "the time zone `Mars/Olympus` is not known here", "at": "3:42"}
export const onPublish = () => util.time.nowFormatted('yyyy', 'Mars/Olympus')
