// The storage account: the host's own state, the deployment package, files, queues and tables.
// Names are those of shared/resources.py; tests/infra compares them.

@description('Name of the storage account.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Replication of the account.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param skuName string

@description('Whether the account answers outside the virtual network. People fetch and upload large files straight from it by signed addresses: Disabled keeps them from doing so.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string

@description('Origins of web pages that may use signed addresses of files.')
param allowedOrigins array

@description('Days for which deleted blobs and blob containers can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int

@description('Log Analytics workspace for the metrics of queues and blobs.')
param workspaceId string

var deploymentContainer = 'deployments'
var blobContainers = ['files', 'transfers']
var queues = [
  'assistant-deliveries'
  'service-status'
  'conversation-purges'
  'conversation-titles'
  'participant-renames'
  'file-cleanups'
  'conversation-shares'
]
var tables = ['AssistantServiceRegistrations']

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  // checkov:skip=CKV_AZURE_35:people fetch large files by signed addresses; closed by the parameter
  // checkov:skip=CKV_AZURE_206:replication is the parameter skuName, the cheapest by default
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: skuName
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    // Everything is by Microsoft Entra ID; signed addresses are user delegation signatures.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: publicNetworkAccess
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: publicNetworkAccess == 'Enabled' ? 'Allow' : 'Deny'
    }
    supportsHttpsTrafficOnly: true
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource applicationQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [for queue in queues: {
  parent: queueService
  name: queue
}]

// Where the host puts what failed five times; here, so that nothing has to be made at run time.
resource poisonQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [for queue in queues: {
  parent: queueService
  name: '${queue}-poison'
}]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource applicationTables 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-01-01' = [for table in tables: {
  parent: tableService
  name: table
}]

module blobs 'storage-blobs.bicep' = {
  name: 'storage-blobs'
  params: {
    accountName: account.name
    containers: concat(blobContainers, [deploymentContainer])
    transfersContainer: 'transfers'
    allowedOrigins: allowedOrigins
    softDeleteDays: softDeleteDays
    workspaceId: workspaceId
  }
}

// Not the logs of each request: they would cost more than the queues.
resource queueMetrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: queueService
  properties: {
    workspaceId: workspaceId
    metrics: [
      {
        category: 'Transaction'
        enabled: true
      }
    ]
  }
}

output id string = account.id
output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output queueEndpoint string = account.properties.primaryEndpoints.queue
output tableEndpoint string = account.properties.primaryEndpoints.table
output deploymentContainerUrl string = '${account.properties.primaryEndpoints.blob}${deploymentContainer}'
