// Who may do what: every role of the function app's identities, on the narrowest scope that serves,
// with the code that needs it and why no smaller role does. Nobody else gets a role.

@description('Principal id of the function app\'s own identity.')
param principalId string

@description('Name of the storage account.')
param storageAccountName string

@description('Name of the Cosmos DB account.')
param cosmosAccountName string

@description('Name of the Cosmos DB database.')
param cosmosDatabaseName string

@description('Name of the Web PubSub service.')
param webPubSubName string

@description('Name of the vault.')
param keyVaultName string

@description('Name of the Application Insights component.')
param applicationInsightsName string

@description('Name of the Azure OpenAI account; empty without titles.')
param openAiName string

@description('Name of the speech account; empty without speech.')
param speechName string

@description('Principal id of the identity for speech; empty without speech.')
param speechPrincipalId string

// Role definitions by what Azure calls them.
var roles = {
  cognitiveServicesOpenAiUser: '5e0bd9bd-7b93-4f28-af87-19fc36ad61bd'
  cognitiveServicesSpeechUser: 'f2dc8367-1007-4938-bd23-fe263f013447'
  cosmosDbBuiltInDataContributor: '00000000-0000-0000-0000-000000000002'
  keyVaultSecretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  monitoringMetricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  storageBlobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  storageQueueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  storageTableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  webPubSubServiceOwner: '12cf5a90-567b-43ae-8102-96cf46c7d9b4'
}

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageAccountName
}

resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2025-04-15' existing = {
  name: cosmosAccountName
}

resource webPubSub 'Microsoft.SignalRService/webPubSub@2024-03-01' existing = {
  name: webPubSubName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: keyVaultName
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource openAi 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = if (!empty(openAiName)) {
  name: openAiName
}

resource speech 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = if (!empty(speechName)) {
  name: speechName
}

// Needed by shared/adapters/cosmos/client.py: reads, writes, batches and queries of documents,
// and the metadata of containers. Not ARM's roles but the account's own; on the one database. The
// only smaller built-in role reads. It can't make, change or drop databases and containers.
resource cosmosData 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2025-04-15' = {
  parent: cosmos
  name: guid(cosmos.id, principalId, roles.cosmosDbBuiltInDataContributor)
  properties: {
    principalId: principalId
    roleDefinitionId: resourceId('Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions', cosmos.name, roles.cosmosDbBuiltInDataContributor)
    scope: '${cosmos.id}/dbs/${cosmosDatabaseName}'
  }
}

// Needed by shared/adapters/blobs.py for files and archives, for which Blob Data Contributor would
// do; on the account, because the key that signs addresses (get_user_delegation_key) is the
// account's. Owner rather than Contributor, because the host keeps its locks, timers' state and keys
// there, whose container it makes at its first start, and Microsoft asks for Owner where
// AzureWebJobsStorage is a managed identity. The deployment package is read by it as well.
resource blobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, principalId, roles.storageBlobDataOwner)
  scope: storage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
  }
}

// Needed by the queue functions of shared/triggers/deliveries.py and its siblings (take, delete, move
// to the poison queue), the output bindings of shared/bindings.py, and shared/adapters/queues.py (send,
// and the lengths of poison queues). Message Processor and Message Sender together would not do: they
// read no queue's length, by which the platform scales, and the host sees to it that a poison queue
// exists. On the account, because every queue of it is the application's.
resource queues 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, principalId, roles.storageQueueDataContributor)
  scope: storage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageQueueDataContributor)
  }
}

// Needed by shared/adapters/registrations.py (reads, conditional writes and deletions of entities).
// On the account, because the host makes a table each month for its diagnostic events. The only
// smaller role reads.
resource tables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, principalId, roles.storageTableDataContributor)
  scope: storage
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageTableDataContributor)
  }
}

// Needed by shared/adapters/web_pubsub.py: tokens of clients, messages to groups, who is in a group,
// and ending that. The only smaller role reads.
resource publishing 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(webPubSub.id, principalId, roles.webPubSubServiceOwner)
  scope: webPubSub
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.webPubSubServiceOwner)
  }
}

// Needed by shared/adapters/api_keys.py, which sets, reads, deletes and recovers secrets: Secrets User
// could only read them, and no other built-in role writes them. It could purge them as well, but for
// purge protection. The vault holds nothing else.
resource secrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, roles.keyVaultSecretsOfficer)
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsOfficer)
  }
}

// Needed by what shared/telemetry.py logs and shared/metrics.py counts, and the host's own telemetry:
// ingestion by key is off. There is no smaller role that may write.
resource telemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(applicationInsights.id, principalId, roles.monitoringMetricsPublisher)
  scope: applicationInsights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.monitoringMetricsPublisher)
  }
}

// Needed by shared/adapters/openai_titles.py: calls of the model, no changes of deployments.
resource titles 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(openAiName)) {
  name: guid(openAi.id, principalId, roles.cognitiveServicesOpenAiUser)
  scope: openAi
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.cognitiveServicesOpenAiUser)
  }
}

// Needed by shared/adapters/speech.py, whose tokens people's browsers hold: so it is another identity
// that has this role, and it has no other. The application's own token would open the model, too.
resource speaking 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(speechName)) {
  name: guid(speech.id, speechPrincipalId, roles.cognitiveServicesSpeechUser)
  scope: speech
  properties: {
    principalId: speechPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.cognitiveServicesSpeechUser)
  }
}
