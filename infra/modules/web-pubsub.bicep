// Web PubSub and its hub: people and assistants only receive, so there are no event handlers.

@description('Name of the service.')
@minLength(3)
@maxLength(63)
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Free_F1 takes 20 connections and no private endpoint; Standard_S1 a thousand for each unit.')
@allowed(['Free_F1', 'Standard_S1'])
param skuName string

@description('Units; one with Free_F1.')
@allowed([1, 2, 5, 10, 20, 50, 100])
param capacity int

@description('Whether only the virtual network may send to clients. Clients connect from anywhere either way.')
param sendPrivately bool

@description('Log Analytics workspace for the logs of the service.')
param workspaceId string

var hubName = 'workbench'

resource service 'Microsoft.SignalRService/webPubSub@2024-03-01' = {
  // checkov:skip=CKV_AZURE_176:it calls no other service, so it needs no identity
  name: name
  location: location
  tags: tags
  kind: 'WebPubSub'
  sku: {
    name: skuName
    tier: skuName == 'Free_F1' ? 'Free' : 'Standard'
    capacity: capacity
  }
  properties: {
    disableLocalAuth: true
    disableAadAuth: false
    publicNetworkAccess: 'Enabled'
    networkACLs: {
      defaultAction: 'Allow'
      publicNetwork: {
        deny: sendPrivately ? ['ServerConnection', 'RESTAPI', 'Trace'] : []
      }
    }
    tls: {
      clientCertEnabled: false
    }
  }
}

resource hub 'Microsoft.SignalRService/webPubSub/hubs@2024-03-01' = {
  parent: service
  name: hubName
  properties: {
    anonymousConnectPolicy: 'deny'
    eventHandlers: []
    eventListeners: []
    webSocketKeepAliveIntervalInSeconds: 20
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: service
  properties: {
    workspaceId: workspaceId
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output id string = service.id
output name string = service.name
output hubName string = hub.name
output endpoint string = 'https://${service.properties.hostName}'
