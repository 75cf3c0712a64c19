// What operators look at: requests, deliveries, queues and the database on one page.

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Log Analytics workspace that the page asks.')
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'operations')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Workbench operations'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: workspaceId
    serializedData: loadTextContent('../workbook.json')
  }
}

output id string = workbook.id
