/**
 * The `sql` block of a segment, of spans whose database speaks SQL.
 * Sources: contrib's exporter/awsxrayexporter/internal/translator/sql.go,
 * https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 */
import {
  type SpanAttributes,
  type AttributeValue,
  dropAbsent,
  type SegmentMembers,
  readTextAttribute,
} from './attributes.ts';

/** Names of systems, the old ones and those that replaced some of them. */
const SQL: ReadonlySet<string> = new Set([
  'db2', 'derby', 'hive', 'mariadb', 'mssql', 'mysql', 'oracle', 'postgresql', 'sqlite', 'teradata',
  'other_sql', 'ibm.db2', 'microsoft.sql_server', 'oracle.db',
]); // prettier-ignore

const CONSUMED: ReadonlySet<string> = new Set([
  'db.connection_string', 'db.system', 'db.system.name', 'db.name', 'db.namespace', 'db.statement',
  'db.query.text', 'db.user',
]); // prettier-ignore

export interface SqlOfSpan {
  /** Undefined where the span is of no such database. */
  readonly block: SegmentMembers | undefined;
  readonly rest: ReadonlyMap<string, AttributeValue>;
}

/**
 * @param all   all attributes of the span, which may tell the address of the database
 * @param left  those that are in no other block
 */
export function describeSql(
  spanName: string,
  all: SpanAttributes,
  left: SpanAttributes,
): SqlOfSpan {
  const system = readTextAttribute(all, 'db.system.name', 'db.system');
  if (system === undefined || !SQL.has(system)) return { block: undefined, rest: left };
  const address =
    readTextAttribute(all, 'db.connection_string', 'server.address', 'net.peer.name') ??
    'localhost';
  const block = dropAbsent({
    // X-Ray groups queries by their URL, for which the address alone is too little.
    url: spanName === '' ? undefined : spanName,
    connection_string: `${address}/${readTextAttribute(all, 'db.namespace', 'db.name') ?? ''}`,
    database_type: system,
    user: readTextAttribute(all, 'db.user'),
    sanitized_query: readTextAttribute(all, 'db.query.text', 'db.statement'),
  });
  return { block, rest: new Map([...left].filter(([key]) => !CONSUMED.has(key))) };
}
