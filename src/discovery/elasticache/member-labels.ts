/**
 * The labels of Prometheus for caches of ElastiCache, and the member of AWS's answer that each has
 * its value from. Those of lists end with a number, from 0.
 * Source: https://github.com/prometheus/prometheus/blob/main/docs/configuration/configuration.md
 */
import type {
  CacheCluster,
  CacheNode,
  DataStorage,
  ECPUPerSecond,
  Endpoint,
  LogDeliveryConfiguration,
  NotificationConfiguration,
  PendingModifiedValues,
  SecurityGroupMembership,
  ServerlessCache,
} from '@aws-sdk/client-elasticache';

export const SERVERLESS_LABELS = {
  __meta_elasticache_serverless_cache_arn: 'ARN',
  __meta_elasticache_serverless_cache_create_time: 'CreateTime',
  __meta_elasticache_serverless_cache_daily_snapshot_time: 'DailySnapshotTime',
  __meta_elasticache_serverless_cache_description: 'Description',
  __meta_elasticache_serverless_cache_engine: 'Engine',
  __meta_elasticache_serverless_cache_full_engine_version: 'FullEngineVersion',
  __meta_elasticache_serverless_cache_kms_key_id: 'KmsKeyId',
  __meta_elasticache_serverless_cache_major_engine_version: 'MajorEngineVersion',
  __meta_elasticache_serverless_cache_name: 'ServerlessCacheName',
  __meta_elasticache_serverless_cache_snapshot_retention_limit: 'SnapshotRetentionLimit',
  __meta_elasticache_serverless_cache_status: 'Status',
  __meta_elasticache_serverless_cache_user_group_id: 'UserGroupId',
} as const satisfies Readonly<Record<string, keyof ServerlessCache>>;

export const SERVERLESS_ENDPOINT_LABELS = {
  __meta_elasticache_serverless_cache_endpoint_address: 'Address',
  __meta_elasticache_serverless_cache_endpoint_port: 'Port',
} as const satisfies Readonly<Record<string, keyof Endpoint>>;

/**
 * Prometheus sets `endpoint_reader_*`, where its documentation has `reader_endpoint_*`: relabelling
 * that follows the one or the other finds its label.
 */
export const READER_LABELS = {
  __meta_elasticache_serverless_cache_endpoint_reader_address: 'Address',
  __meta_elasticache_serverless_cache_endpoint_reader_port: 'Port',
  __meta_elasticache_serverless_cache_reader_endpoint_address: 'Address',
  __meta_elasticache_serverless_cache_reader_endpoint_port: 'Port',
} as const satisfies Readonly<Record<string, keyof Endpoint>>;

export const STORAGE_LABELS = {
  __meta_elasticache_serverless_cache_cache_usage_limit_data_storage_maximum: 'Maximum',
  __meta_elasticache_serverless_cache_cache_usage_limit_data_storage_minimum: 'Minimum',
  __meta_elasticache_serverless_cache_cache_usage_limit_data_storage_unit: 'Unit',
} as const satisfies Readonly<Record<string, keyof DataStorage>>;

export const ECPU_LABELS = {
  __meta_elasticache_serverless_cache_cache_usage_limit_ecpu_per_second_maximum: 'Maximum',
  __meta_elasticache_serverless_cache_cache_usage_limit_ecpu_per_second_minimum: 'Minimum',
} as const satisfies Readonly<Record<string, keyof ECPUPerSecond>>;

export const CACHE_CLUSTER_LABELS = {
  __meta_elasticache_cache_cluster_arn: 'ARN',
  __meta_elasticache_cache_cluster_at_rest_encryption_enabled: 'AtRestEncryptionEnabled',
  __meta_elasticache_cache_cluster_auth_token_enabled: 'AuthTokenEnabled',
  __meta_elasticache_cache_cluster_auth_token_last_modified: 'AuthTokenLastModifiedDate',
  __meta_elasticache_cache_cluster_auto_minor_version_upgrade: 'AutoMinorVersionUpgrade',
  __meta_elasticache_cache_cluster_cache_cluster_create_time: 'CacheClusterCreateTime',
  __meta_elasticache_cache_cluster_cache_cluster_id: 'CacheClusterId',
  __meta_elasticache_cache_cluster_cache_cluster_status: 'CacheClusterStatus',
  __meta_elasticache_cache_cluster_cache_node_type: 'CacheNodeType',
  __meta_elasticache_cache_cluster_cache_subnet_group_name: 'CacheSubnetGroupName',
  __meta_elasticache_cache_cluster_client_download_landing_page: 'ClientDownloadLandingPage',
  __meta_elasticache_cache_cluster_engine: 'Engine',
  __meta_elasticache_cache_cluster_engine_version: 'EngineVersion',
  __meta_elasticache_cache_cluster_ip_discovery: 'IpDiscovery',
  __meta_elasticache_cache_cluster_network_type: 'NetworkType',
  __meta_elasticache_cache_cluster_num_cache_nodes: 'NumCacheNodes',
  __meta_elasticache_cache_cluster_preferred_availability_zone: 'PreferredAvailabilityZone',
  __meta_elasticache_cache_cluster_preferred_maintenance_window: 'PreferredMaintenanceWindow',
  __meta_elasticache_cache_cluster_preferred_outpost_arn: 'PreferredOutpostArn',
  __meta_elasticache_cache_cluster_replication_group_id: 'ReplicationGroupId',
  __meta_elasticache_cache_cluster_replication_group_log_delivery_enabled:
    'ReplicationGroupLogDeliveryEnabled',
  __meta_elasticache_cache_cluster_snapshot_retention_limit: 'SnapshotRetentionLimit',
  __meta_elasticache_cache_cluster_snapshot_window: 'SnapshotWindow',
  __meta_elasticache_cache_cluster_transit_encryption_enabled: 'TransitEncryptionEnabled',
  __meta_elasticache_cache_cluster_transit_encryption_mode: 'TransitEncryptionMode',
} as const satisfies Readonly<Record<string, keyof CacheCluster>>;

export const CONFIGURATION_ENDPOINT_LABELS = {
  __meta_elasticache_cache_cluster_configuration_endpoint_address: 'Address',
  __meta_elasticache_cache_cluster_configuration_endpoint_port: 'Port',
} as const satisfies Readonly<Record<string, keyof Endpoint>>;

export const NOTIFICATION_LABELS = {
  __meta_elasticache_cache_cluster_notification_topic_arn: 'TopicArn',
  __meta_elasticache_cache_cluster_notification_topic_status: 'TopicStatus',
} as const satisfies Readonly<Record<string, keyof NotificationConfiguration>>;

/** Of a list: the number follows. The names of log groups and delivery streams lie deeper. */
export const LOG_DELIVERY_LABELS = {
  __meta_elasticache_cache_cluster_log_delivery_configuration_destination_type_: 'DestinationType',
  __meta_elasticache_cache_cluster_log_delivery_configuration_log_format_: 'LogFormat',
  __meta_elasticache_cache_cluster_log_delivery_configuration_log_type_: 'LogType',
  __meta_elasticache_cache_cluster_log_delivery_configuration_message_: 'Message',
  __meta_elasticache_cache_cluster_log_delivery_configuration_status_: 'Status',
} as const satisfies Readonly<Record<string, keyof LogDeliveryConfiguration>>;

export const PENDING_LABELS = {
  __meta_elasticache_cache_cluster_pending_modified_values_auth_token_status: 'AuthTokenStatus',
  __meta_elasticache_cache_cluster_pending_modified_values_cache_node_type: 'CacheNodeType',
  __meta_elasticache_cache_cluster_pending_modified_values_engine_version: 'EngineVersion',
  __meta_elasticache_cache_cluster_pending_modified_values_num_cache_nodes: 'NumCacheNodes',
  __meta_elasticache_cache_cluster_pending_modified_values_transit_encryption_enabled:
    'TransitEncryptionEnabled',
  __meta_elasticache_cache_cluster_pending_modified_values_transit_encryption_mode:
    'TransitEncryptionMode',
} as const satisfies Readonly<Record<string, keyof PendingModifiedValues>>;

/** Of a list: the number follows. */
export const SECURITY_GROUP_LABELS = {
  __meta_elasticache_cache_cluster_security_group_membership_id_: 'SecurityGroupId',
  __meta_elasticache_cache_cluster_security_group_membership_status_: 'Status',
} as const satisfies Readonly<Record<string, keyof SecurityGroupMembership>>;

export const CACHE_NODE_LABELS = {
  __meta_elasticache_cache_cluster_node_availability_zone: 'CustomerAvailabilityZone',
  __meta_elasticache_cache_cluster_node_create_time: 'CacheNodeCreateTime',
  __meta_elasticache_cache_cluster_node_customer_outpost_arn: 'CustomerOutpostArn',
  __meta_elasticache_cache_cluster_node_id: 'CacheNodeId',
  __meta_elasticache_cache_cluster_node_parameter_group_status: 'ParameterGroupStatus',
  __meta_elasticache_cache_cluster_node_source_cache_node_id: 'SourceCacheNodeId',
  __meta_elasticache_cache_cluster_node_status: 'CacheNodeStatus',
} as const satisfies Readonly<Record<string, keyof CacheNode>>;

export const NODE_ENDPOINT_LABELS = {
  __meta_elasticache_cache_cluster_node_endpoint_address: 'Address',
  __meta_elasticache_cache_cluster_node_endpoint_port: 'Port',
} as const satisfies Readonly<Record<string, keyof Endpoint>>;
