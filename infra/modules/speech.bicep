// Optional: the speech service that browsers talk to with a token from GET /azure-speech/token, and
// the identity whose tokens those are: it may use this service and nothing else (rbac.bicep).

@description('Name of the account, and its subdomain.')
@minLength(2)
@maxLength(64)
param name string

@description('Name of the identity.')
@minLength(3)
@maxLength(128)
param identityName string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

// Browsers use it directly, so it stays reachable with private networking, too.
resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  // checkov:skip=CKV_AZURE_134:people's browsers use it directly
  // checkov:skip=CKV_AZURE_238:it calls no other service, so it needs no identity
  name: name
  location: location
  tags: tags
  kind: 'SpeechServices'
  sku: {
    name: 'S0'
  }
  properties: {
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: 'Enabled'
  }
}

module identity 'identity.bicep' = {
  name: 'speech-identity'
  params: {
    name: identityName
    location: location
    tags: tags
  }
}

output id string = account.id
output name string = account.name
output region string = account.location
output identityId string = identity.outputs.id
output principalId string = identity.outputs.principalId
output clientId string = identity.outputs.clientId
