// The app settings: what shared/settings.py and the host read (docs/configuration.md describes
// them, tests/infra compares). None is a secret: everything is by managed identity.

@description('Name of the function app.')
param functionAppName string

@description('Client id of the user-assigned identity.')
param identityClientId string

@description('Connection string of Application Insights; it says where, not who.')
param applicationInsightsConnectionString string

@description('Address of the storage account\'s blobs.')
param blobEndpoint string

@description('Address of the storage account\'s queues.')
param queueEndpoint string

@description('Address of the storage account\'s tables.')
param tableEndpoint string

@description('Address of the Cosmos DB account.')
param cosmosEndpoint string

@description('Address of Web PubSub.')
param webPubSubEndpoint string

@description('Address of the vault with the API keys of assistant services.')
param keyVaultUri string

@description('Application (client) id that tokens must be for.')
param allowedAppId string

@description('Accepted issuers of tokens.')
param issuers array

@description('Address of the keys that tokens are signed with; empty for those of Microsoft Entra ID.')
param jwksUrl string

@description('When to look for assistant services that stopped calling: NCRONTAB with seconds.')
param onlineCheckSchedule string

@description('Assistants that everybody gets: objects of assistant_service_id, template_id and name.')
param defaultAssistants array

@description('Address of Azure OpenAI; empty without titles.')
param openAiEndpoint string

@description('Deployment of the model, whose name is the model\'s.')
param openAiDeployment string

@description('Resource id of the speech service; empty without speech.')
param speechResourceId string

@description('Region of the speech service.')
param speechRegion string

@description('Client id of the identity whose tokens browsers get for speech.')
param speechClientId string

var always = {
  // The host's own storage, and the application's queues, tables and blobs.
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: blobEndpoint
  AzureWebJobsStorage__queueServiceUri: queueEndpoint
  AzureWebJobsStorage__tableServiceUri: tableEndpoint
  // Which identity DefaultAzureCredential takes.
  AZURE_CLIENT_ID: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  // The worker exports traces and metrics itself, by azure-monitor-opentelemetry.
  PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY: 'true'
  // What is traced and how much of it: docs/operations.md.
  OTEL_PYTHON_DISABLED_INSTRUMENTATIONS: 'django,fastapi,flask,httpx,httpx2,psycopg2,requests,urllib,urllib3'
  OTEL_TRACES_SAMPLER: 'microsoft.fixed_percentage'
  OTEL_TRACES_SAMPLER_ARG: '0.1'
  ONLINE_CHECK_SCHEDULE: onlineCheckSchedule
  WORKBENCH__COSMOS__ENDPOINT: cosmosEndpoint
  WORKBENCH__WEB_PUBSUB__ENDPOINT: webPubSubEndpoint
  WORKBENCH__AUTH__ALLOWED_APP_ID: allowedAppId
  WORKBENCH__AUTH__ISSUERS: string(issuers)
  WORKBENCH__SERVICE__ASSISTANT_API_KEY__KEY_VAULT_URL: keyVaultUri
  WORKBENCH__SERVICE__DEFAULT_ASSISTANTS: string(defaultAssistants)
}

var titles = {
  AZURE_OPENAI_ENDPOINT: openAiEndpoint
  AZURE_OPENAI_DEPLOYMENT: openAiDeployment
  AZURE_OPENAI_MODEL: openAiDeployment
}

var speech = {
  AZURE_SPEECH__RESOURCE_ID: speechResourceId
  AZURE_SPEECH__REGION: speechRegion
  WORKBENCH__AZURE_SPEECH__CLIENT_ID: speechClientId
}

var otherKeys = {
  WORKBENCH__AUTH__JWKS_URL: jwksUrl
}

resource site 'Microsoft.Web/sites@2024-11-01' existing = {
  name: functionAppName
}

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  // checkov:skip=CKV_AZURE_13:these are the app settings, not the site's configuration
  // checkov:skip=CKV_AZURE_63:these are the app settings, not the site's configuration
  // checkov:skip=CKV_AZURE_65:these are the app settings, not the site's configuration
  // checkov:skip=CKV_AZURE_66:these are the app settings, not the site's configuration
  // checkov:skip=CKV_AZURE_80:these are the app settings, not the site's configuration
  // checkov:skip=CKV_AZURE_88:these are the app settings, not the site's configuration
  // checkov:skip=CKV_AZURE_222:these are the app settings, not the site's configuration
  parent: site
  name: 'appsettings'
  properties: union(always, empty(jwksUrl) ? {} : otherKeys, empty(openAiEndpoint) ? {} : titles, empty(speechResourceId) ? {} : speech)
}
