// The containers, exactly as shared/resources.py has them (tests/infra compares): partition key,
// expiry, and an index on nothing but what queries ask for.

@description('Name of the Cosmos DB account.')
param accountName string

@description('Name of the database.')
param databaseName string

@description('Request units a second up to which each container scales; 0 for a serverless account.')
@minValue(0)
@maxValue(1000000)
param autoscaleMaxThroughput int

// timeToLive: -1 lets documents with a `ttl` of their own expire, 0 leaves expiry off.
var containers = [
  {
    name: 'conversations'
    partitionKey: '/conversation_id'
    timeToLive: -1
    indexedPaths: [{ path: '/sequence/?' }, { path: '/type/?' }, { path: '/filename/?' }, { path: '/waiting_since/?' }]
    compositeIndexes: [
      [{ path: '/type', order: 'ascending' }, { path: '/sequence', order: 'ascending' }]
    ]
  }
  {
    name: 'links'
    partitionKey: '/source'
    timeToLive: 0
    indexedPaths: [{ path: '/type/?' }]
    compositeIndexes: []
  }
  {
    name: 'assistants'
    partitionKey: '/id'
    timeToLive: 0
    indexedPaths: []
    compositeIndexes: []
  }
  {
    name: 'users'
    partitionKey: '/id'
    timeToLive: 0
    indexedPaths: []
    compositeIndexes: []
  }
  {
    name: 'shares'
    partitionKey: '/share_id'
    timeToLive: 0
    indexedPaths: [{ path: '/type/?' }]
    compositeIndexes: []
  }
]

resource account 'Microsoft.DocumentDB/databaseAccounts@2025-04-15' existing = {
  name: accountName
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2025-04-15' existing = {
  parent: account
  name: databaseName
}

resource sqlContainers 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2025-04-15' = [for container in containers: {
  parent: database
  name: container.name
  properties: {
    resource: {
      id: container.name
      partitionKey: {
        paths: [container.partitionKey]
        kind: 'Hash'
        version: 2
      }
      defaultTtl: container.timeToLive != 0 ? container.timeToLive : null
      indexingPolicy: {
        indexingMode: 'consistent'
        automatic: true
        includedPaths: container.indexedPaths
        excludedPaths: [{ path: '/*' }, { path: '/"_etag"/?' }]
        compositeIndexes: container.compositeIndexes
      }
    }
    options: autoscaleMaxThroughput == 0 ? {} : { autoscaleSettings: { maxThroughput: autoscaleMaxThroughput } }
  }
}]
