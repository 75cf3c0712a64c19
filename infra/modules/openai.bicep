// Optional: the model that proposes titles of conversations (shared/adapters/openai_titles.py).

@description('Name of the account, and its subdomain.')
@minLength(2)
@maxLength(64)
param name string

@description('Region; it must offer the model.')
param location string

@description('Tags of every resource.')
param tags object

@description('The model. It has to know structured outputs.')
@minLength(1)
param modelName string

@description('Version of the model.')
@minLength(1)
param modelVersion string

@description('Where the model may be run.')
@allowed(['Standard', 'GlobalStandard', 'DataZoneStandard'])
param deploymentSku string

@description('Thousands of tokens a minute.')
@minValue(1)
@maxValue(1000)
param capacity int

@description('Whether the account answers outside the virtual network.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  // checkov:skip=CKV_AZURE_134:closed by the parameter, with private networking
  // checkov:skip=CKV_AZURE_238:it calls no other service, so it needs no identity
  name: name
  location: location
  tags: tags
  kind: 'OpenAI'
  sku: {
    name: 'S0'
  }
  properties: {
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: publicNetworkAccess
    networkAcls: {
      defaultAction: publicNetworkAccess == 'Enabled' ? 'Allow' : 'Deny'
    }
  }
}

resource deployment 'Microsoft.CognitiveServices/accounts/deployments@2025-06-01' = {
  parent: account
  name: modelName
  sku: {
    name: deploymentSku
    capacity: capacity
  }
  properties: {
    model: {
      format: 'OpenAI'
      name: modelName
      version: modelVersion
    }
    versionUpgradeOption: 'OnceCurrentVersionExpired'
  }
}

output id string = account.id
output name string = account.name
output endpoint string = account.properties.endpoint
output deploymentName string = deployment.name
