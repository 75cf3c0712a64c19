// Optional: the virtual network that the function app reaches its services through.

@description('Name of the virtual network.')
@minLength(2)
@maxLength(64)
param name string

@description('Name of the subnet that the function app is in.')
param applicationSubnetName string

@description('Name of the subnet of the private endpoints.')
param endpointSubnetName string

@description('Name of the network security group of both subnets.')
param securityGroupName string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Addresses of the network, in CIDR notation.')
@minLength(9)
param addressPrefix string

@description('Addresses of the function app, in CIDR notation.')
@minLength(9)
param applicationSubnetPrefix string

@description('Addresses of the private endpoints, in CIDR notation.')
@minLength(9)
param endpointSubnetPrefix string

// No rule beyond Azure's own: nothing from outside the network gets in.
resource securityGroup 'Microsoft.Network/networkSecurityGroups@2024-07-01' = {
  name: securityGroupName
  location: location
  tags: tags
}

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [addressPrefix]
    }
    subnets: [
      {
        name: applicationSubnetName
        properties: {
          addressPrefix: applicationSubnetPrefix
          networkSecurityGroup: {
            id: securityGroup.id
          }
          // What Flex Consumption asks for.
          delegations: [
            {
              name: 'flex-consumption'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: endpointSubnetName
        properties: {
          addressPrefix: endpointSubnetPrefix
          networkSecurityGroup: {
            id: securityGroup.id
          }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

output id string = network.id
output applicationSubnetId string = resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, applicationSubnetName)
output endpointSubnetId string = resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, endpointSubnetName)
