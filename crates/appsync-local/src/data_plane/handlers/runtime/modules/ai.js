// `@aws-appsync/utils/ai`: requests to Bedrock.
export const invokeModel = (request) => ({ operation: 'InvokeModel', ...request })
export const converse = (request) => ({ operation: 'Converse', ...request })
