import type { DomainPlace } from '../../repository/index.ts';
import type { Json, JsonMap } from '../bucket/json.ts';
import { textOf } from '../bucket/json.ts';
import { toJson } from '../template/text/convert.ts';

/** Where a domain is, as its template has to know it. */
export interface BucketDomainPlace extends DomainPlace {
  readonly bucket: string;
}

/** What the domain's template would make, as far as a deployed domain is held against it. */
export interface Expected {
  readonly statements: readonly JsonMap[];
  readonly rules: readonly JsonMap[];
  /** Names of the template's parameters. */
  readonly parameters: readonly string[];
  readonly exportName: string;
  readonly reference: ExpectedFunction;
  readonly keeper: ExpectedFunction & {
    /** For publishers. */
    readonly alias: string;
    readonly otherAliases: readonly OtherAlias[];
  };
}

/** What else the keeper is called. */
export interface OtherAlias {
  readonly name: string;
  /** What fails where there is none. */
  readonly isFor: string;
}

interface ExpectedFunction {
  readonly name: string;
  readonly arn: string;
}

/**
 * Reads the domain's template and carries out what it computes: of functions Ref, GetAtt Arn and Sub, which is what the compared parts have.
 * @param text templates/domain/template.yaml
 */
export function expectedOf(text: string, place: BucketDomainPlace): Expected {
  const template = JSON.parse(toJson(text, 'templates/domain/template.yaml')) as JsonMap;
  const scope = new Scope(template, place);
  const functionOf = (id: string): ExpectedFunction => ({ name: scope.name(id), arn: scope.arn(id) });
  return {
    statements: scope.at(
      'Resources',
      'BucketPolicy',
      'Properties',
      'PolicyDocument',
      'Statement',
    ) as readonly JsonMap[],
    rules: scope.at('Resources', 'Bucket', 'Properties', 'LifecycleConfiguration', 'Rules') as readonly JsonMap[],
    parameters: Object.keys(template['Parameters'] ?? {}),
    exportName: scope.at('Outputs', 'ServiceToken', 'Export', 'Name') as string,
    reference: functionOf('ReferenceFunction'),
    keeper: {
      ...functionOf('KeeperFunction'),
      alias: scope.at('Resources', 'KeeperForPublishing', 'Properties', 'Name') as string,
      otherAliases: Object.entries(OTHER_ALIASES).map(([id, isFor]) => ({
        ...{ name: scope.at('Resources', id, 'Properties', 'Name') as string, isFor },
      })),
    },
  };
}

const OTHER_ALIASES: Readonly<Record<string, string>> = {
  KeeperForDeclaring: 'deploys fail that declare repositories or bookmarks, or use what is at home elsewhere',
  KeeperForFetching: 'nothing can be brought here beforehand, by replicate or by package --regions',
  KeeperForSharing: 'nothing can be shared, and other accounts publish nothing',
};

/** What gives a resource its name. The bucket's is the domain's, whatever the template calls it. */
const NAMES: Readonly<Record<string, string>> = {
  'AWS::IAM::Role': 'RoleName',
  'AWS::Lambda::Function': 'FunctionName',
};

class Scope {
  readonly #template: JsonMap;
  readonly #place: BucketDomainPlace;

  constructor(template: JsonMap, place: BucketDomainPlace) {
    this.#template = template;
    this.#place = place;
  }

  at(...path: readonly string[]): Json {
    return this.#resolved(this.#raw(...path));
  }

  name(id: string): string {
    const type = this.#raw('Resources', id, 'Type') as string;
    if (type === 'AWS::S3::Bucket') return this.#place.bucket;
    const property = NAMES[type];
    if (property === undefined) throw new Error(`what names the resource ${id} is not known`);
    return this.at('Resources', id, 'Properties', property) as string;
  }

  arn(id: string): string {
    const { partition, region, account } = this.#place;
    const type = this.#raw('Resources', id, 'Type');
    const name = this.name(id);
    if (type === 'AWS::S3::Bucket') return `arn:${partition}:s3:::${name}`;
    if (type === 'AWS::IAM::Role') return `arn:${partition}:iam::${account}:role/${name}`;
    return `arn:${partition}:lambda:${region}:${account}:function:${name}`;
  }

  #raw(...path: readonly string[]): Json {
    let value: Json | undefined = this.#template;
    for (const member of path) value = (value as Partial<JsonMap>)[member];
    if (value === undefined) throw new Error(`the domain's template has no ${path.join('.')}`);
    return value;
  }

  #resolved(value: Json): Json {
    if (Array.isArray(value)) return value.map((item: Json) => this.#resolved(item));
    if (typeof value !== 'object' || value === null) return value;
    const [[name, argument] = ['', null], ...more] = Object.entries(value as JsonMap);
    if (more.length === 0 && name === 'Ref') return this.#ref(argument as string);
    if (more.length === 0 && name === 'Fn::GetAtt') return this.#attribute((argument as string[]).join('.'));
    if (more.length === 0 && name === 'Fn::Sub') return this.#substituted(argument as string);
    if (more.length === 0 && name.startsWith('Fn::')) throw new Error(`${name} is not carried out here`);
    return Object.fromEntries(Object.entries(value as JsonMap).map(([key, member]) => [key, this.#resolved(member)]));
  }

  #substituted(text: string): string {
    return text.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) =>
      textOf(name.includes('.') ? this.#attribute(name) : this.#ref(name)),
    );
  }

  #attribute(name: string): Json {
    const [id = '', attribute] = name.split('.');
    if (attribute !== 'Arn') throw new Error(`the attribute ${name} is not known here`);
    return this.arn(id);
  }

  #ref(name: string): Json {
    const { partition, region, account } = this.#place;
    const pseudo: Partial<Record<string, string>> = {
      'AWS::Partition': partition,
      'AWS::Region': region,
      'AWS::AccountId': account,
    };
    const parameters = this.#raw('Parameters') as Readonly<Record<string, JsonMap | undefined>>;
    return pseudo[name] ?? parameters[name]?.['Default'] ?? this.name(name);
  }
}
