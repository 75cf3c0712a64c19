// Optional: the speech service that browsers talk to with a token from GET /azure-speech/token.

@description('Name of the account, and its subdomain.')
@minLength(2)
@maxLength(64)
param name string

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

output id string = account.id
output name string = account.name
output region string = account.location
