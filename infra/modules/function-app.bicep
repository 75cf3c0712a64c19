// The function app on Flex Consumption; its settings are in app-settings.bicep.

@description('Name of the function app.')
@minLength(2)
@maxLength(60)
param name string

@description('Name of its plan.')
@minLength(1)
@maxLength(60)
param planName string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the user-assigned identity.')
param identityId string

@description('Resource id of the identity for speech; empty without speech.')
param speechIdentityId string

@description('Address of the blob container that holds the deployment package.')
param deploymentContainerUrl string

@description('Memory of an instance in megabytes.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('Instances at most.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@description('HTTP instances that are kept warm; 0 for none.')
@minValue(0)
@maxValue(20)
param alwaysReadyHttpInstances int

@description('Requests that an instance takes at once. Requests mostly wait for other services, on one event loop.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int

@description('Origins of web pages that may call the app.')
param allowedOrigins array

@description('Subnet from which the app reaches others; empty without a virtual network.')
param subnetId string

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  // checkov:skip=CKV_AZURE_225:zones are not in every region and ask for two instances always ready
  // checkov:skip=CKV_AZURE_212:Flex Consumption scales to zero; alwaysReadyHttpInstances keeps some
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  // checkov:skip=CKV_AZURE_222:people and assistant services call it from anywhere, with tokens and keys
  // checkov:skip=CKV_AZURE_17:callers have tokens and keys, browsers no certificates
  // checkov:skip=CKV_AZURE_212:Flex Consumption scales to zero; alwaysReadyHttpInstances keeps some
  // checkov:skip=CKV_AZURE_213:Flex Consumption has no health check
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: union({ '${identityId}': {} }, empty(speechIdentityId) ? {} : { '${speechIdentityId}': {} })
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      cors: {
        allowedOrigins: allowedOrigins
        supportCredentials: false
      }
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        // The version that is tested: Makefile and .github/workflows/ci.yml.
        version: '3.11'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyHttpInstances == 0 ? [] : [{ name: 'http', instanceCount: alwaysReadyHttpInstances }]
        triggers: {
          http: {
            perInstanceConcurrency: httpConcurrency
          }
        }
      }
    }
  }
}

// Deployment is by Microsoft Entra ID only.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = [for kind in ['ftp', 'scm']: {
  parent: site
  name: kind
  properties: {
    allow: false
  }
}]

output id string = site.id
output name string = site.name
output url string = 'https://${site.properties.defaultHostName}'
