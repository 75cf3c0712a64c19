// The whole system in one resource group: `azd up`, or `az deployment sub create`.
// docs/deploy.md says how; the parameters' values are in main.bicepparam.

targetScope = 'subscription'

@description('Name of the environment: part of every name, and a tag of every resource.')
@minLength(1)
@maxLength(30)
param environmentName string

@description('Region of everything.')
@minLength(1)
@metadata({ azd: { type: 'location' } })
param location string

@description('Application (client) id of the app registration that people sign in to.')
@minLength(36)
@maxLength(36)
param allowedAppId string

@description('Tenant whose people may sign in; empty for every tenant.')
@maxLength(36)
param signInTenantId string = tenant().tenantId

@description('For test environments only: address of the identity service of a test run (docs/testing.md), which is trusted instead of Microsoft Entra ID. Whoever runs it can be anybody. Empty: Microsoft Entra ID.')
@maxLength(200)
param testIdentityUrl string = ''

@description('Origins of web pages that may call the service, for example https://workbench.example.com.')
param allowedOrigins array = []

@description('Assistants that everybody gets: objects of assistant_service_id, template_id and name.')
param defaultAssistants array = []

@description('When to look for assistant services that stopped calling: NCRONTAB with seconds. More often costs more, later tells people later.')
@minLength(11)
param onlineCheckSchedule string = '*/30 * * * * *'

@description('Memory of a function instance in megabytes.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Function instances at most.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('HTTP instances that are kept warm; 0 for none.')
@minValue(0)
@maxValue(20)
param alwaysReadyHttpInstances int = 0

@description('Requests that an instance takes at once.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 32

@description('Replication of the storage account.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSkuName string = 'Standard_LRS'

@description('Request units a second up to which each Cosmos DB container scales; 0 for a serverless account.')
@minValue(0)
@maxValue(1000000)
param cosmosAutoscaleMaxThroughput int = 0

@description('Free_F1 for a trial (20 connections), Standard_S1 for use and for private networking.')
@allowed(['Free_F1', 'Standard_S1'])
param webPubSubSkuName string = 'Standard_S1'

@description('Units of Web PubSub, a thousand connections each; one with Free_F1.')
@allowed([1, 2, 5, 10, 20, 50, 100])
param webPubSubCapacity int = 1

@description('Whether not even an owner can purge the vault before 90 days are over. It can not be switched off again.')
param keyVaultPurgeProtection bool = true

@description('Days for which deleted blobs can be brought back.')
@minValue(1)
@maxValue(365)
param blobSoftDeleteDays int = 7

@description('Days for which logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Gigabytes of logs a day at most; -1 for no limit.')
@minValue(-1)
@maxValue(100)
param logDailyCapGigabytes int = -1

@description('Who gets alerts by mail; empty to only show them in the portal.')
@maxLength(254)
param alertEmail string = ''

@description('Whether a model proposes titles of conversations: an Azure OpenAI account with one deployment.')
param deployOpenAi bool = false

@description('The model for titles; it has to know structured outputs.')
@minLength(1)
param openAiModelName string = 'gpt-4o-mini'

@description('Version of that model.')
@minLength(1)
param openAiModelVersion string = '2024-07-18'

@description('Where that model may be run.')
@allowed(['Standard', 'GlobalStandard', 'DataZoneStandard'])
param openAiDeploymentSku string = 'GlobalStandard'

@description('Thousands of tokens a minute for titles.')
@minValue(1)
@maxValue(1000)
param openAiCapacity int = 10

@description('Whether people\'s browsers get tokens for a speech service.')
param deploySpeech bool = false

@description('Whether the app reaches its services by private endpoints only. Needs Standard_S1.')
param privateNetworking bool = false

@description('Addresses of the virtual network, in CIDR notation.')
@minLength(9)
@maxLength(18)
param networkAddressPrefix string = '10.20.0.0/16'

@description('Addresses of the function app within the network: a /24 lets it have all its instances.')
@minLength(9)
@maxLength(18)
param applicationSubnetPrefix string = '10.20.0.0/24'

@description('Addresses of the private endpoints within the network.')
@minLength(9)
@maxLength(18)
param endpointSubnetPrefix string = '10.20.1.0/24'

@description('Whether the storage account answers outside the network with private networking. Disabled keeps people from files that are too large for a request.')
@allowed(['Enabled', 'Disabled'])
param storagePublicNetworkAccess string = 'Enabled'

@description('Whether there is a static web app for the web client.')
param deployStaticWebApp bool = false

@description('Region of the static web app\'s management.')
@allowed(['centralus', 'eastasia', 'eastus2', 'westeurope', 'westus2'])
param staticWebAppLocation string = 'westeurope'

@description('Further tags of every resource.')
param extraTags object = {}

var abbreviations = loadJsonContent('abbreviations.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var suffix = '${toLower(environmentName)}-${take(token, 6)}'
var tags = union(extraTags, { 'azd-env-name': environmentName })
// `{tid}` stands for the tenant that a token names: see docs/configuration.md.
var issuerTenant = empty(signInTenantId) ? '{tid}' : signInTenantId
var entraIssuers = [
  '${environment().authentication.loginEndpoint}${issuerTenant}/v2.0'
  'https://sts.windows.net/${issuerTenant}/'
]
// One or the other: with both, an address of keys would have to serve the keys of both.
var issuers = empty(testIdentityUrl) ? entraIssuers : ['${testIdentityUrl}/{tid}/v2.0']
var jwksUrl = empty(testIdentityUrl) ? '' : '${testIdentityUrl}/discovery/v2.0/keys'

resource resourceGroup 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: '${abbreviations.resourceGroup}${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: resourceGroup
  params: {
    name: '${abbreviations.userAssignedIdentity}${suffix}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: resourceGroup
  params: {
    workspaceName: '${abbreviations.logAnalyticsWorkspace}${suffix}'
    componentName: '${abbreviations.applicationInsights}${suffix}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyCapGigabytes: logDailyCapGigabytes
  }
}

module web 'modules/static-web-app.bicep' = if (deployStaticWebApp) {
  name: 'static-web-app'
  scope: resourceGroup
  params: {
    name: '${abbreviations.staticWebApp}${suffix}'
    location: staticWebAppLocation
    tags: tags
    skuName: 'Free'
  }
}

#disable-next-line BCP318 // the condition is that of the module
var webOrigins = deployStaticWebApp ? [web.outputs.url] : []
var origins = concat(allowedOrigins, webOrigins)
var publicNetworkAccess = privateNetworking ? 'Disabled' : 'Enabled'

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: resourceGroup
  params: {
    name: '${abbreviations.storageAccount}${token}'
    location: location
    tags: tags
    skuName: storageSkuName
    publicNetworkAccess: privateNetworking ? storagePublicNetworkAccess : 'Enabled'
    allowedOrigins: origins
    softDeleteDays: blobSoftDeleteDays
    workspaceId: monitoring.outputs.workspaceId
  }
}

module cosmos 'modules/cosmos.bicep' = {
  name: 'cosmos'
  scope: resourceGroup
  params: {
    name: '${abbreviations.cosmosDb}${suffix}'
    location: location
    tags: tags
    autoscaleMaxThroughput: cosmosAutoscaleMaxThroughput
    publicNetworkAccess: publicNetworkAccess
    workspaceId: monitoring.outputs.workspaceId
  }
}

module webPubSub 'modules/web-pubsub.bicep' = {
  name: 'web-pubsub'
  scope: resourceGroup
  params: {
    name: '${abbreviations.webPubSub}${suffix}'
    location: location
    tags: tags
    skuName: webPubSubSkuName
    capacity: webPubSubCapacity
    sendPrivately: privateNetworking
    workspaceId: monitoring.outputs.workspaceId
  }
}

module keyVault 'modules/key-vault.bicep' = {
  name: 'key-vault'
  scope: resourceGroup
  params: {
    name: '${abbreviations.keyVault}${token}'
    location: location
    tags: tags
    purgeProtection: keyVaultPurgeProtection
    softDeleteDays: 90
    publicNetworkAccess: publicNetworkAccess
    workspaceId: monitoring.outputs.workspaceId
  }
}

module openAi 'modules/openai.bicep' = if (deployOpenAi) {
  name: 'openai'
  scope: resourceGroup
  params: {
    name: '${abbreviations.openAi}${suffix}'
    location: location
    tags: tags
    modelName: openAiModelName
    modelVersion: openAiModelVersion
    deploymentSku: openAiDeploymentSku
    capacity: openAiCapacity
    publicNetworkAccess: publicNetworkAccess
  }
}

module speech 'modules/speech.bicep' = if (deploySpeech) {
  name: 'speech'
  scope: resourceGroup
  params: {
    name: '${abbreviations.speech}${suffix}'
    identityName: '${abbreviations.userAssignedIdentity}speech-${suffix}'
    location: location
    tags: tags
  }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  name: 'network'
  scope: resourceGroup
  params: {
    name: '${abbreviations.virtualNetwork}${suffix}'
    applicationSubnetName: '${abbreviations.subnet}application'
    endpointSubnetName: '${abbreviations.subnet}endpoints'
    securityGroupName: '${abbreviations.networkSecurityGroup}${suffix}'
    location: location
    tags: tags
    addressPrefix: networkAddressPrefix
    applicationSubnetPrefix: applicationSubnetPrefix
    endpointSubnetPrefix: endpointSubnetPrefix
  }
}

module privateEndpoints 'modules/private-endpoints.bicep' = if (privateNetworking) {
  name: 'private-endpoints'
  scope: resourceGroup
  params: {
    namePrefix: '${abbreviations.privateEndpoint}${suffix}'
    location: location
    tags: tags
    #disable-next-line BCP318 // the condition is that of the module
    networkId: network.outputs.id
    #disable-next-line BCP318 // the condition is that of the module
    subnetId: network.outputs.endpointSubnetId
    storageId: storage.outputs.id
    cosmosId: cosmos.outputs.id
    keyVaultId: keyVault.outputs.id
    webPubSubId: webPubSub.outputs.id
    #disable-next-line BCP318 // the condition is that of the module
    openAiId: deployOpenAi ? openAi.outputs.id : ''
  }
}

// Before the function app: its identity must be able to read the deployment package by then.
module rbac 'modules/rbac.bicep' = {
  name: 'rbac'
  scope: resourceGroup
  params: {
    principalId: identity.outputs.principalId
    storageAccountName: storage.outputs.name
    cosmosAccountName: cosmos.outputs.name
    cosmosDatabaseName: cosmos.outputs.databaseName
    webPubSubName: webPubSub.outputs.name
    keyVaultName: keyVault.outputs.name
    applicationInsightsName: monitoring.outputs.componentName
    #disable-next-line BCP318 // the condition is that of the module
    openAiName: deployOpenAi ? openAi.outputs.name : ''
    #disable-next-line BCP318 // the condition is that of the module
    speechName: deploySpeech ? speech.outputs.name : ''
    #disable-next-line BCP318 // the condition is that of the module
    speechPrincipalId: deploySpeech ? speech.outputs.principalId : ''
  }
}

module functionApp 'modules/function-app.bicep' = {
  name: 'function-app'
  scope: resourceGroup
  params: {
    name: '${abbreviations.functionApp}${suffix}'
    planName: '${abbreviations.appServicePlan}${suffix}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    #disable-next-line BCP318 // the condition is that of the module
    speechIdentityId: deploySpeech ? speech.outputs.identityId : ''
    deploymentContainerUrl: storage.outputs.deploymentContainerUrl
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyHttpInstances: alwaysReadyHttpInstances
    httpConcurrency: httpConcurrency
    allowedOrigins: origins
    #disable-next-line BCP318 // the condition is that of the module
    subnetId: privateNetworking ? network.outputs.applicationSubnetId : ''
  }
  dependsOn: [rbac]
}

module appSettings 'modules/app-settings.bicep' = {
  name: 'app-settings'
  scope: resourceGroup
  params: {
    functionAppName: functionApp.outputs.name
    identityClientId: identity.outputs.clientId
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    cosmosEndpoint: cosmos.outputs.endpoint
    webPubSubEndpoint: webPubSub.outputs.endpoint
    keyVaultUri: keyVault.outputs.uri
    allowedAppId: allowedAppId
    issuers: issuers
    jwksUrl: jwksUrl
    onlineCheckSchedule: onlineCheckSchedule
    defaultAssistants: defaultAssistants
    #disable-next-line BCP318 // the condition is that of the module
    openAiEndpoint: deployOpenAi ? openAi.outputs.endpoint : ''
    #disable-next-line BCP318 // the condition is that of the module
    openAiDeployment: deployOpenAi ? openAi.outputs.deploymentName : ''
    #disable-next-line BCP318 // the condition is that of the module
    speechResourceId: deploySpeech ? speech.outputs.id : ''
    #disable-next-line BCP318 // the condition is that of the module
    speechRegion: deploySpeech ? speech.outputs.region : ''
    #disable-next-line BCP318 // the condition is that of the module
    speechClientId: deploySpeech ? speech.outputs.clientId : ''
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: resourceGroup
  params: {
    actionGroupName: '${abbreviations.actionGroup}${suffix}'
    location: location
    tags: tags
    email: alertEmail
    workspaceId: monitoring.outputs.workspaceId
    cosmosId: cosmos.outputs.id
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: resourceGroup
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

// azd keeps these in its environment, for scripts and for tests.
output AZURE_LOCATION string = location
output AZURE_RESOURCE_GROUP string = resourceGroup.name
output AZURE_FUNCTION_NAME string = functionApp.outputs.name
output AZURE_STORAGE_ACCOUNT string = storage.outputs.name
output AZURE_COSMOS_ENDPOINT string = cosmos.outputs.endpoint
output AZURE_WEB_PUBSUB_ENDPOINT string = webPubSub.outputs.endpoint
output AZURE_KEY_VAULT_ENDPOINT string = keyVault.outputs.uri
output SERVICE_API_NAME string = functionApp.outputs.name
output SERVICE_API_URI string = functionApp.outputs.url
#disable-next-line BCP318 // the condition is that of the module
output SERVICE_WEB_URI string = deployStaticWebApp ? web.outputs.url : ''
