// The app of the tests: an Event API with namespaces and a key, and a user pool that may connect to it. `namespaces`
// of the context names the namespaces. One stack uses no bootstrapped account, the other the CDK's default.
const { App, BootstraplessSynthesizer, CfnOutput, Stack } = require('aws-cdk-lib')
const { AppSyncAuthorizationType, EventApi } = require('aws-cdk-lib/aws-appsync')
const { UserPool } = require('aws-cdk-lib/aws-cognito')

class Chat extends Stack {
  constructor(scope, id, properties) {
    super(scope, id, properties)
    const userPool = new UserPool(this, 'Users')
    const api = new EventApi(this, 'Api', {
      apiName: id,
      authorizationConfig: {
        authProviders: [
          { authorizationType: AppSyncAuthorizationType.API_KEY },
          { authorizationType: AppSyncAuthorizationType.USER_POOL, cognitoConfig: { userPool } },
        ],
      },
    })
    for (const name of this.node.getContext('namespaces').split(',')) api.addChannelNamespace(name)
    new CfnOutput(this, 'ApiId', { value: api.apiId })
    new CfnOutput(this, 'Key', { value: api.apiKeys.Default.attrApiKey })
  }
}

const app = new App()
new Chat(app, 'Bootstrapless', { synthesizer: new BootstraplessSynthesizer() })
new Chat(app, 'Default')
