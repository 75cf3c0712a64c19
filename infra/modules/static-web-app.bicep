// Optional: hosts the web client. Its pages call the function app directly, so no API is linked.

@description('Name of the static web app.')
@minLength(2)
@maxLength(60)
param name string

@description('Region of its management; the pages are served from everywhere.')
@allowed(['centralus', 'eastasia', 'eastus2', 'westeurope', 'westus2'])
param location string

@description('Tags of every resource.')
param tags object

@description('Free, or Standard with an agreed availability.')
@allowed(['Free', 'Standard'])
param skuName string

resource site 'Microsoft.Web/staticSites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'web' })
  sku: {
    name: skuName
    tier: skuName
  }
  properties: {
    allowConfigFileUpdates: true
    stagingEnvironmentPolicy: 'Disabled'
  }
}

output name string = site.name
output url string = 'https://${site.properties.defaultHostname}'
