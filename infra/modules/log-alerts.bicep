// The alerts that ask logs and the code's own metrics.

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Log Analytics workspace that is asked.')
param workspaceId string

@description('Resource id of the action group that is told.')
param actionGroupId string

// Names of metrics, attributes and log lines are the code's: tests/infra/test_signals.py compares.
// One alert for each value of an attribute where `dimensions` name one.
var rules = [
  {
    name: 'poison-queues'
    title: 'Queue messages failed five times and lie in a poison queue'
    severity: 1
    query: 'AppMetrics | where Name == "workbench.backlog.poison_messages" | extend queue = tostring(Properties["queue"])'
    measure: { aggregation: 'Maximum', column: 'Sum', dimensions: [{ name: 'queue', operator: 'Include', values: ['*'] }] }
    condition: { operator: 'GreaterThan', threshold: 0, minutes: 15, times: 1 }
  }
  {
    name: 'failures'
    title: 'Functions fail'
    severity: 1
    query: 'AppRequests | where Success == false and (ResultCode startswith "5" or ResultCode == "0")'
    // A row stands for several requests where the host samples.
    measure: { aggregation: 'Total', column: 'ItemCount', dimensions: [] }
    condition: { operator: 'GreaterThan', threshold: 5, minutes: 15, times: 1 }
  }
  {
    name: 'backlog-overdue'
    title: 'Events have waited for their assistants for more than five minutes, all the time'
    severity: 2
    query: 'AppMetrics | where Name == "workbench.backlog.overdue"'
    measure: { aggregation: 'Minimum', column: 'Sum', dimensions: [] }
    condition: { operator: 'GreaterThan', threshold: 0, minutes: 30, times: 1 }
  }
  {
    name: 'backlog-silent'
    title: 'Nobody measures the backlog: the app does not run, or its telemetry does not arrive'
    severity: 1
    query: 'AppTraces | where Message startswith "backlog "'
    measure: { aggregation: 'Count', column: null, dimensions: [] }
    condition: { operator: 'LessThan', threshold: 1, minutes: 15, times: 1 }
  }
  {
    name: 'dead-letters'
    title: 'Events were given up that assistants should have got'
    severity: 2
    query: 'AppMetrics | where Name == "workbench.dead_letters" | extend reason = tostring(Properties["reason"])'
    measure: { aggregation: 'Total', column: 'Sum', dimensions: [{ name: 'reason', operator: 'Include', values: ['*'] }] }
    condition: { operator: 'GreaterThan', threshold: 0, minutes: 15, times: 1 }
  }
  {
    name: 'delivery-lag'
    title: 'Events reach assistants late: by more than a minute on average'
    severity: 2
    query: 'AppMetrics | where Name == "workbench.delivery.lag" | summarize lag = sum(Sum) / sum(ItemCount) by bin(TimeGenerated, 5m)'
    measure: { aggregation: 'Average', column: 'lag', dimensions: [] }
    // Three times in a row: a service that returns gets what was held for it, late but once.
    condition: { operator: 'GreaterThan', threshold: 60, minutes: 5, times: 3 }
  }
]

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: rule.name
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: rule.title
    description: 'What to do: docs/operations.md#${rule.name}'
    enabled: true
    severity: rule.severity
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT${rule.condition.minutes}M'
    // Tables come to be with their first rows.
    skipQueryValidation: true
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: rule.query
          metricMeasureColumn: rule.measure.column
          timeAggregation: rule.measure.aggregation
          dimensions: rule.measure.dimensions
          operator: rule.condition.operator
          threshold: rule.condition.threshold
          failingPeriods: {
            numberOfEvaluationPeriods: rule.condition.times
            minFailingPeriodsToAlert: rule.condition.times
          }
        }
      ]
    }
    actions: {
      actionGroups: [actionGroupId]
    }
  }
}]
