/**
 * The extension `awsproxy`: signs requests of programs without credentials, and forwards them to
 * one AWS service.
 * Source: contrib's extension/awsproxy/{config,factory}.go
 */
import * as z from 'zod';
import { proxyServerShape, resolveProxyServer } from '../proxy-server.ts';
import { defineExtension } from './extension.ts';

export const awsProxyKind = defineExtension({
  names: ['awsproxy', 'aws_proxy'],
  schema: z.strictObject(proxyServerShape),
  as: 'a listener that signs; for X-Ray, sampling rules are answered from what is kept, too',
  resolve(input, context) {
    const forwarder = resolveProxyServer(input, { id: context.name, forwardsAll: true }, context);
    return forwarder && { forwarders: [forwarder] };
  },
});
