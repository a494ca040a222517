// given: {"events": [0]}
// expect: {"broken": "unknown time zone `Mars/Olympus`", "at": "3:42"}
export const onPublish = () => util.time.nowFormatted('yyyy', 'Mars/Olympus')
