// The AWS SDK for JavaScript with only an endpoint: every operation of AppSync Events, IAM's roles and
// STS. Prints the results as JSON.
import * as appsync from '@aws-sdk/client-appsync'
import * as iam from '@aws-sdk/client-iam'
import * as sts from '@aws-sdk/client-sts'

const [endpoint] = process.argv.slice(2)
const config = {
  endpoint,
  region: 'ap-northeast-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  maxAttempts: 1,
}
const client = new appsync.AppSyncClient(config)
const roles = new iam.IAMClient(config)
const called = []

/** Calls one operation; what it refuses is told by name and status. */
async function call(module, to, operation, input = {}) {
  called.push(operation)
  try {
    const { $metadata, ...answer } = await to.send(new module[`${operation}Command`](input))
    if (!$metadata.requestId) throw new Error(`${operation}: no request id`)
    return answer
  } catch (error) {
    if (!error.$metadata?.httpStatusCode) throw error
    return { refused: error.name, status: error.$metadata.httpStatusCode, requestId: !!error.$metadata.requestId }
  }
}
const events = (operation, input) => call(appsync, client, operation, input)

const modes = [{ authType: 'API_KEY' }]
const eventConfig = {
  authProviders: modes,
  connectionAuthModes: modes,
  defaultPublishAuthModes: modes,
  defaultSubscribeAuthModes: modes,
}
const seen = {}

const before = Date.now()
const { api } = await events('CreateApi', { name: 'chat', eventConfig, tags: { team: 'a' } })
const { apiId, apiArn } = api
// Timestamps have no fractions of a second.
seen.created = api.created instanceof Date && before - 1_000 <= api.created && api.created <= Date.now() + 1_000
await events('UpdateApi', { apiId, name: 'talk', ownerContact: 'a team', eventConfig })
seen.api = (await events('GetApi', { apiId })).api
await events('CreateApi', { name: 'second', eventConfig })
seen.pages = []
for await (const page of appsync.paginateListApis({ client, pageSize: 1 }, {})) {
  seen.pages.push(page.apis.map((it) => it.name))
}
called.push('ListApis')

await events('CreateDataSource', {
  apiId, name: 'orders', type: 'AWS_LAMBDA', serviceRoleArn: 'arn:aws:iam::123456789012:role/call',
  lambdaConfig: { lambdaFunctionArn: 'arn:aws:lambda:ap-northeast-1:123456789012:function:orders' },
})
await events('UpdateDataSource', {
  apiId, name: 'orders', type: 'AWS_LAMBDA', serviceRoleArn: 'arn:aws:iam::123456789012:role/call',
  lambdaConfig: { lambdaFunctionArn: 'arn:aws:lambda:ap-northeast-1:123456789012:function:other' },
})
seen.dataSource = (await events('GetDataSource', { apiId, name: 'orders' })).dataSource
seen.dataSources = (await events('ListDataSources', { apiId })).dataSources.length

const codeHandlers = 'export const onPublish = (ctx) => ctx.events\n'
await events('CreateChannelNamespace', { apiId, name: 'rooms', codeHandlers })
await events('UpdateChannelNamespace', { apiId, name: 'rooms', codeHandlers, publishAuthModes: modes })
seen.namespace = (await events('GetChannelNamespace', { apiId, name: 'rooms' })).channelNamespace
seen.namespaces = (await events('ListChannelNamespaces', { apiId })).channelNamespaces.length
seen.code = await events('CreateChannelNamespace', { apiId, name: 'broken', codeHandlers: 'export const' })
seen.twice = await events('CreateChannelNamespace', { apiId, name: 'rooms' })

const { apiKey } = await events('CreateApiKey', { apiId, description: 'web' })
const expires = Math.floor(Date.now() / 1_000) + 30 * 86_400
seen.renewed = (await events('UpdateApiKey', { apiId, id: apiKey.id, expires })).apiKey.expires - expires
seen.keys = (await events('ListApiKeys', { apiId })).apiKeys.length
seen.expiry = await events('CreateApiKey', { apiId, expires: 1 })

await events('TagResource', { resourceArn: apiArn, tags: { cost: '1' } })
await events('UntagResource', { resourceArn: apiArn, tagKeys: ['team'] })
seen.tags = (await events('ListTagsForResource', { resourceArn: apiArn })).tags

const domainName = 'events.example.com'
const certificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012'
await events('CreateDomainName', { domainName, certificateArn })
await events('UpdateDomainName', { domainName, description: 'ours' })
seen.domain = (await events('GetDomainName', { domainName })).domainNameConfig
seen.domains = (await events('ListDomainNames')).domainNameConfigs.length
await events('AssociateApi', { domainName, apiId })
seen.association = (await events('GetApiAssociation', { domainName })).apiAssociation
seen.associated = await events('DeleteDomainName', { domainName })
await events('DisassociateApi', { domainName })
await events('DeleteDomainName', { domainName })

seen.caller = await call(sts, new sts.STSClient(config), 'GetCallerIdentity')
const trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"appsync.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
await call(iam, roles, 'CreateRole', { RoleName: 'logs', AssumeRolePolicyDocument: trust })
const { Role } = await call(iam, roles, 'GetRole', { RoleName: 'logs' })
seen.trust = decodeURIComponent(Role.AssumeRolePolicyDocument) === trust
seen.role = await call(iam, roles, 'GetRole', { RoleName: 'nobody' })

await events('DeleteApiKey', { apiId, id: apiKey.id })
await events('DeleteChannelNamespace', { apiId, name: 'rooms' })
await events('DeleteDataSource', { apiId, name: 'orders' })
await events('DeleteApi', { apiId })
seen.gone = await events('GetApi', { apiId })
seen.called = [...new Set(called)].sort()
console.log(JSON.stringify(seen))
