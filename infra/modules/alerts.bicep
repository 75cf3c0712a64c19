// What somebody is told: docs/operations.md says what to do about each.

@description('Name of the action group.')
@minLength(1)
@maxLength(260)
param actionGroupName string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Who is told, by mail; empty to only show alerts in the portal.')
param email string

@description('Log Analytics workspace that the log alerts ask.')
param workspaceId string

@description('Resource id of the Cosmos DB account.')
param cosmosId string

var rules = [
  {
    name: 'poison-queues'
    title: 'A queue message failed five times and lies in a poison queue'
    severity: 1
    query: 'StorageQueueLogs | where OperationName == "PutMessage" and Uri contains "-poison"'
    threshold: 0
  }
  {
    name: 'failures'
    title: 'Functions fail'
    severity: 1
    query: 'AppRequests | where Success == false and (ResultCode startswith "5" or ResultCode == "0")'
    threshold: 5
  }
  {
    name: 'dead-letters'
    title: 'Events were given up that assistants should have got'
    severity: 2
    query: 'AppTraces | where Message startswith "dead_letter "'
    threshold: 0
  }
  {
    name: 'delivery-lag'
    title: 'Events reach assistants late'
    severity: 2
    query: 'AppTraces | where Message startswith "delivered_late "'
    threshold: 10
  }
]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'workbench'
    emailReceivers: empty(email) ? [] : [
      {
        name: 'operators'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: rule.name
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: rule.title
    enabled: true
    severity: rule.severity
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    // Tables come to be with their first rows.
    skipQueryValidation: true
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: rule.threshold
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [actionGroup.id]
    }
  }
}]

resource throttling 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'cosmos-throttling'
  location: 'global'
  tags: tags
  properties: {
    description: 'Cosmos DB refuses requests (429): the app waits and repeats, people wait'
    enabled: true
    severity: 2
    scopes: [cosmosId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'throttled'
          metricName: 'TotalRequests'
          dimensions: [
            {
              name: 'StatusCode'
              operator: 'Include'
              values: ['429']
            }
          ]
          operator: 'GreaterThan'
          threshold: 20
          timeAggregation: 'Count'
        }
      ]
    }
    actions: [{ actionGroupId: actionGroup.id }]
  }
}
