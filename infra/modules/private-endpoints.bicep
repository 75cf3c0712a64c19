// Optional: the private endpoints of everything that the function app calls.

@description('Prefix of the endpoints\' names.')
param namePrefix string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the virtual network.')
param networkId string

@description('Resource id of the subnet of private endpoints.')
param subnetId string

@description('Resource id of the storage account.')
param storageId string

@description('Resource id of the Cosmos DB account.')
param cosmosId string

@description('Resource id of the vault.')
param keyVaultId string

@description('Resource id of Web PubSub, which must not be Free_F1.')
param webPubSubId string

@description('Resource id of the Azure OpenAI account; empty without titles.')
param openAiId string

var storageSuffix = environment().suffixes.storage
var always = [
  { name: 'blob', serviceId: storageId, groupId: 'blob', zoneName: 'privatelink.blob.${storageSuffix}' }
  { name: 'queue', serviceId: storageId, groupId: 'queue', zoneName: 'privatelink.queue.${storageSuffix}' }
  { name: 'table', serviceId: storageId, groupId: 'table', zoneName: 'privatelink.table.${storageSuffix}' }
  { name: 'cosmos', serviceId: cosmosId, groupId: 'Sql', zoneName: 'privatelink.documents.azure.com' }
  { name: 'vault', serviceId: keyVaultId, groupId: 'vault', zoneName: 'privatelink.vaultcore.azure.net' }
  { name: 'webpubsub', serviceId: webPubSubId, groupId: 'webpubsub', zoneName: 'privatelink.webpubsub.azure.com' }
]
var titles = [
  { name: 'openai', serviceId: openAiId, groupId: 'account', zoneName: 'privatelink.openai.azure.com' }
]
var endpoints = empty(openAiId) ? always : concat(always, titles)

module each 'private-endpoint.bicep' = [for endpoint in endpoints: {
  name: 'private-endpoint-${endpoint.name}'
  params: {
    name: '${namePrefix}-${endpoint.name}'
    location: location
    tags: tags
    serviceId: endpoint.serviceId
    groupId: endpoint.groupId
    zoneName: endpoint.zoneName
    networkId: networkId
    subnetId: subnetId
  }
}]
