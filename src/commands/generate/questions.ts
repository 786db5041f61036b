/**
 * The questions of `amperage generate model`, and the model that their answers make. Each answer is
 * judged by the schema at once, and asked for again with the reason.
 */
import { deploymentSchema } from '../../deploy/schema.ts';

/** Asks for one line. @returns undefined at the end of input */
export type Ask = (question: string) => Promise<string | undefined>;
/** Says why an answer is not taken. */
export type Say = (sentence: string) => void;

export type Answers = Record<string, unknown>;

interface Question {
  readonly text: string;
  /** The answer where the line is empty; undefined: there must be one. */
  readonly otherwise?: string | undefined;
  /** Puts the answer into the model. */
  readonly take: (model: Answers, answer: string) => Answers;
  /** Keys of the model that the answer is about; their faults ask again. */
  readonly about: string;
  readonly isAsked?: (model: Answers) => boolean;
}

const words = (answer: string): string[] => answer.split(/[\s,]+/).filter((word) => word !== '');
const isYes = (answer: string): boolean => /^y(es)?$/i.test(answer);

/** What was answered of the collector so far. */
const collectorOf = ({ collector }: Answers): Answers => (collector ?? {}) as Answers;
const isOutside = (model: Answers): boolean => collectorOf(model)['launch'] === 'external';
const isSidecar = (model: Answers): boolean => collectorOf(model)['mode'] === 'sidecar';

/** Where it runs, and how: later questions follow from both. */
const PLACE_QUESTIONS: readonly Question[] = [
  {
    text: 'What does the collector run on: fargate, ec2, managed or external',
    otherwise: 'fargate',
    about: 'collector',
    take: (model, launch) => (launch === 'fargate' ? model : { ...model, collector: { launch } }),
  },
  {
    text: 'How: central, daemon (one on each instance of ec2) or sidecar (one in each task)',
    otherwise: 'central',
    about: 'collector',
    isAsked: (model) => ['ec2', undefined].includes(collectorOf(model)['launch'] as string),
    take: (model, mode) =>
      mode === 'central' ? model : { ...model, collector: { ...collectorOf(model), mode } },
  },
];

function listQuestions(environment: NodeJS.ProcessEnv): readonly Question[] {
  return [
    {
      text: 'Name of the deployment',
      otherwise: 'metrics',
      about: 'name',
      take: (model, name) => ({ ...model, name }),
    },
    {
      text: 'Region',
      otherwise: environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'],
      about: 'region',
      take: (model, region) => ({ ...model, region }),
    },
    {
      text: 'Image of Amperage, in a registry that the tasks reach',
      about: 'image',
      take: (model, image) => ({ ...model, image }),
    },
    ...PLACE_QUESTIONS,
    {
      text: 'VPC that the tasks run in; "new" makes one',
      otherwise: 'new',
      about: 'network',
      isAsked: (model) => !isOutside(model),
      take: (model, vpc) => ({ ...model, network: vpc === 'new' ? { create: true } : { vpc } }),
    },
    {
      text: 'Subnets of the tasks, separated by spaces',
      about: 'network',
      isAsked: ({ network }) => network !== undefined && 'vpc' in (network as object),
      take: (model, answer) => ({
        ...model,
        network: { ...(model['network'] as object), subnets: words(answer) },
      }),
    },
    {
      text: 'Cluster of ECS that is there; "new" makes one',
      otherwise: 'new',
      about: 'cluster',
      take: (model, name) => {
        if (name !== 'new') return { ...model, cluster: { name, create: false } };
        return collectorOf(model)['launch'] === 'ec2'
          ? { ...model, cluster: { instances: {} } }
          : model;
      },
    },
    {
      text: 'Workspace of AMP that is there (ws-…); "new" makes one',
      otherwise: 'new',
      about: 'workspace',
      take: (model, id) => (id === 'new' ? model : { ...model, workspace: { id } }),
    },
    {
      text: 'How are targets found: cloud-map or docker-labels',
      otherwise: 'cloud-map',
      about: 'discovery',
      isAsked: (model) => !isSidecar(model),
      take: (model, discovery) => ({ ...model, discovery }),
    },
    {
      text: 'Does the collector take traces of X-Ray (yes, no)',
      otherwise: 'no',
      about: 'traces',
      isAsked: (model) => !isOutside(model) && !isSidecar(model),
      take: (model, answer) => (isYes(answer) ? { ...model, traces: true } : model),
    },
  ];
}

/** @returns the answers so far where the input ends */
export async function askForModel(
  ask: Ask,
  say: Say,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Answers> {
  let model: Answers = {};
  for (const question of listQuestions(environment)) {
    if (question.isAsked?.(model) === false) continue;
    const answered = await askOne(question, model, { ask, say });
    if (answered === undefined) return model;
    model = answered;
  }
  return isOutside(model) ? model : askForServices(model, { ask, say });
}

interface Terminal {
  readonly ask: Ask;
  readonly say: Say;
}

async function askOne(
  { text, otherwise, about, take }: Question,
  model: Answers,
  { ask, say }: Terminal,
): Promise<Answers | undefined> {
  for (;;) {
    const line = await ask(otherwise === undefined ? `${text}: ` : `${text} [${otherwise}]: `);
    if (line === undefined) return undefined;
    const answer = line.trim() === '' ? otherwise : line.trim();
    if (answer === undefined) continue;
    const next = take(model, answer);
    const fault = findFault(next, about);
    if (fault === undefined) return next;
    say(fault);
  }
}

async function askForServices(model: Answers, { ask, say }: Terminal): Promise<Answers> {
  const services: object[] = [];
  const withServices = (): Answers => (services.length === 0 ? model : { ...model, services });
  for (;;) {
    const line = await ask(
      'An application to deploy with it, as "name image port"; empty: no more: ',
    );
    const [name, image, port] = words(line ?? '');
    if (name === undefined) {
      const lack = line === undefined ? undefined : findFault(withServices(), 'services');
      if (lack === undefined) return withServices();
      say(lack);
      continue;
    }
    if (image === undefined || !/^\d+$/.test(port ?? '')) {
      say('write its name, its image and its port, such as: web web:1 8080');
      continue;
    }
    const service = { name, image, port: Number(port) };
    const fault = findFault({ ...model, services: [...services, service] }, 'services');
    if (fault === undefined) services.push(service);
    else say(fault);
  }
}

/** What the schema says about a part of the model; other parts may still be missing. */
function findFault(model: Answers, about: string): string | undefined {
  const parsed = deploymentSchema.safeParse(model);
  const issue = parsed.error?.issues.find(({ path }) => path[0] === about);
  // A VPC is asked for before its subnets are.
  return issue === undefined || issue.message === 'vpc needs subnets' ? undefined : issue.message;
}
