// Values of main.bicep's parameters, from azd's environment: `azd env set NAME value`.
using './main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
// Empty only until infra/hooks/sign_in.py has run; Azure refuses it then.
param allowedAppId = readEnvironmentVariable('WORKBENCH_APP_ID', '')

// One origin or several with commas between them; a variable that is set but empty means none.
var origins = split(readEnvironmentVariable('WORKBENCH_ALLOWED_ORIGINS', 'http://localhost:3000'), ',')
param allowedOrigins = filter(origins, origin => !empty(origin))
param alertEmail = readEnvironmentVariable('WORKBENCH_ALERT_EMAIL', '')

param onlineCheckSchedule = readEnvironmentVariable('WORKBENCH_ONLINE_CHECK_SCHEDULE', '*/30 * * * * *')
// For test environments only.
param testIdentityUrl = readEnvironmentVariable('WORKBENCH_TEST_IDENTITY_URL', '')

param webPubSubSkuName = readEnvironmentVariable('WORKBENCH_WEB_PUBSUB_SKU', 'Standard_S1')
param cosmosAutoscaleMaxThroughput = int(readEnvironmentVariable('WORKBENCH_COSMOS_AUTOSCALE', '0'))
param keyVaultPurgeProtection = bool(readEnvironmentVariable('WORKBENCH_PURGE_PROTECTION', 'true'))
param deployOpenAi = bool(readEnvironmentVariable('WORKBENCH_DEPLOY_OPENAI', 'false'))
param deploySpeech = bool(readEnvironmentVariable('WORKBENCH_DEPLOY_SPEECH', 'false'))
param privateNetworking = bool(readEnvironmentVariable('WORKBENCH_PRIVATE_NETWORKING', 'false'))
param deployStaticWebApp = bool(readEnvironmentVariable('WORKBENCH_DEPLOY_WEB', 'false'))
