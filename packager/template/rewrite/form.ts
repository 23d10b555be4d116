import { digestToBase64, isDigest } from '../../../repository/digest.ts';
import type { LoopMappings, LoopMember } from './mappings.ts';
import type { ArtifactMember, Fields, Location, Place, ReferenceResource, Rewrite } from '../place.ts';
import type { Member, Value } from './value.ts';
import { getAtt, inSub, map, sub, text } from './value.ts';

/** What S3 calls the version of an object in a bucket without versions. */
const NO_VERSION = 'null';

/** What a place becomes. */
export interface Written {
  readonly value: Value;
  /** Members that are set beside the place, in the map that holds it: before it, and after it. */
  readonly before: readonly Member[];
  readonly after: readonly Member[];
}

/** Where something is said of one artifact: as text of Fn::Sub, which holds literal text too, and as a value if that is shorter. */
interface Part {
  readonly sub: string;
  readonly value: Value;
}

/**
 * How the locations of a place's artifacts are written: in its form, as aws-cli and SAM would, with the bucket taken from references by
 * Fn::GetAtt where there are any.
 */
export function writeForm(rewrite: Rewrite, references: readonly ReferenceResource[], mappings: LoopMappings): Written {
  const { place, locations } = rewrite;
  const used = place.literal ? undefined : rewrite.references;
  const assets = locations.map((location, index): Asset => {
    const logicalId = used?.[index];
    const reference = references.find((one) => one.logicalId === logicalId);
    return new Asset(location, logicalId, reference?.grouped === true);
  });
  return (place.loop.length > 0 ? new Looped(rewrite, assets, mappings) : new Alone(rewrite, assets)).written();
}

/** Forms that are one text: what stands before the bucket, and whether the key is encoded as in an URL. */
type TextForm = 'uri' | 'https-url' | 'arn' | 'bucket/key';

const BEFORE_BUCKET: Readonly<Record<TextForm, string>> = {
  uri: 's3://',
  'https-url': 'https://s3.${AWS::Region}.${AWS::URLSuffix}/',
  arn: 'arn:${AWS::Partition}:s3:::',
  'bucket/key': '',
};

/** One artifact, and what can be said of it. */
class Asset {
  readonly location: Location;
  /** Of the reference that answers for its bucket; absent: everything is literal. */
  readonly logicalId: string | undefined;
  /** The reference answers for the bucket alone. */
  readonly #grouped: boolean;

  constructor(location: Location, logicalId: string | undefined, grouped: boolean) {
    this.location = location;
    this.logicalId = logicalId;
    this.#grouped = grouped;
  }

  get bucket(): Part {
    return this.logicalId === undefined ? literally(this.location.bucket) : attribute(this.logicalId, 'Bucket');
  }

  get bucketArn(): Part {
    if (this.logicalId === undefined) return literally(`arn:${this.location.partition}:s3:::${this.location.bucket}`);
    return composed(BEFORE_BUCKET.arn + this.bucket.sub);
  }

  text(form: TextForm): Part {
    const { key, url } = this.location;
    if (this.logicalId !== undefined) {
      if (form === 'https-url' && !this.#grouped) return attribute(this.logicalId, 'Url');
      const path = form === 'https-url' ? encoded(key) : key;
      return composed(`${BEFORE_BUCKET[form]}${this.bucket.sub}/${inSub(path)}`);
    }
    if (form === 'https-url') return literally(url);
    if (form === 'arn') return literally(`${literalOf(this.bucketArn)}/${key}`);
    return literally(`${BEFORE_BUCKET[form]}${this.location.bucket}/${key}`);
  }

  get objectVersion(): Part | undefined {
    const { objectVersion } = this.location;
    if (this.logicalId !== undefined && !this.#grouped) return attribute(this.logicalId, 'ObjectVersion');
    return objectVersion === undefined ? undefined : literally(objectVersion);
  }

  /** What Fn::Artifact asks for. What is the same wherever the artifact is stays literal. */
  member(member: ArtifactMember): Part {
    const { arn, key, digest } = this.location;
    switch (member) {
      case 'Uri':
        return this.text('uri');
      case 'Url':
        return this.text('https-url');
      case 'Bucket':
        return this.bucket;
      case 'ObjectVersion':
        return this.objectVersion ?? literally(NO_VERSION);
      case 'Arn':
        return literally(arn ?? '');
      case 'Key':
        return literally(key);
      case 'Digest':
        return literally(digest);
      case 'CodeSha256':
        return literally(isDigest(digest) ? digestToBase64(digest) : '');
    }
  }
}

/** What is the same for all places: which parts a form is made of. */
abstract class Writing {
  protected readonly place: Place;
  protected readonly assets: readonly Asset[];

  constructor({ place }: Rewrite, assets: readonly Asset[]) {
    this.place = place;
    this.assets = assets;
  }

  written(): Written {
    const { form } = this.place;
    const alone = (value: Value): Written => ({ value, before: [], after: [] });
    switch (form.kind) {
      case 'uri': {
        const asObject = form.objectFields !== undefined && !this.isLiteral;
        const value = asObject ? this.#object(form.objectFields) : this.text('uri');
        return { ...alone(value), after: this.#version(form.versionSibling) };
      }
      case 'object':
        return form.inKey ? this.#besideKey(form.fields) : alone(this.#object(form.fields));
      case 'https-url':
      case 'arn':
      case 'bucket/key':
        return alone(this.text(form.kind));
      case 'artifact':
        return alone(this.member(form.member));
    }
  }

  protected get isLiteral(): boolean {
    return this.assets.every(({ logicalId }) => logicalId === undefined);
  }

  protected get first(): Asset {
    const [asset] = this.assets;
    if (asset === undefined) throw new Error('a place has at least one target');
    return asset;
  }

  protected abstract text(form: TextForm): Value;
  protected abstract member(member: ArtifactMember): Value;
  protected abstract bucket(asArn: boolean): Value;
  protected abstract key(): Value;
  protected abstract objectVersion(): Value | undefined;

  #object(fields: Fields): Value {
    const { before, value, after } = this.#besideKey(fields);
    return map(...before, [fields.key, value], ...after);
  }

  #besideKey(fields: Fields): Written {
    const value = this.key();
    const before: Member = [fields.bucket, this.bucket(fields.bucketIsArn === true)];
    return { before: [before], value, after: this.#version(fields.version) };
  }

  /** Only for who reads the object for as long as it lives, and for who named a version himself. */
  #version(name: string | undefined): readonly Member[] {
    const { pinned, targets } = this.place;
    const wanted = pinned || targets.some(({ target }) => target.kind === 's3-uri' && target.version !== undefined);
    const version = wanted && name !== undefined ? this.objectVersion() : undefined;
    return name === undefined || version === undefined ? [] : [[name, version]];
  }
}

/** One target, or a comma-separated list of them. */
class Alone extends Writing {
  protected text(form: TextForm): Value {
    return this.#joined(this.assets.map((asset) => asset.text(form)));
  }

  protected member(member: ArtifactMember): Value {
    return this.#joined(this.assets.map((asset) => asset.member(member)));
  }

  protected bucket(asArn: boolean): Value {
    return (asArn ? this.first.bucketArn : this.first.bucket).value;
  }

  protected key(): Value {
    return text(this.first.location.key);
  }

  protected objectVersion(): Value | undefined {
    return this.first.objectVersion?.value;
  }

  #joined(parts: readonly Part[]): Value {
    const { prefix = '' } = this.place;
    const [only] = parts;
    if (only !== undefined && parts.length === 1 && prefix === '') return only.value;
    if (parts.every(({ value }) => value.kind === 'text')) return text(prefix + parts.map(literalOf).join(','));
    return sub(inSub(prefix) + parts.map((part) => part.sub).join(','));
  }
}

/** As many targets as the loops around the place have turns: what differs between them comes from a mapping. */
class Looped extends Writing {
  readonly #mappings: LoopMappings;

  constructor(rewrite: Rewrite, assets: readonly Asset[], mappings: LoopMappings) {
    super(rewrite, assets);
    this.#mappings = mappings;
  }

  protected text(form: TextForm): Value {
    const { loop, prefix = '' } = this.place;
    const { logicalId } = this.first;
    if (logicalId === undefined) return this.#lookUp('Location', (asset) => prefix + literalOf(asset.text(form)));
    // Inside of a loop, its variables are replaced in every text.
    const name = (wanted: string): string => (loop.includes(wanted) ? `Artifact${wanted}` : wanted);
    const [bucket, key] = [name('Bucket'), name('Key')];
    const keys = this.#lookUp('Key', ({ location }) => (form === 'https-url' ? encoded(location.key) : location.key));
    return sub(`${inSub(prefix)}${BEFORE_BUCKET[form]}\${${bucket}}/\${${key}}`, [
      [bucket, getAtt(logicalId, 'Bucket')],
      [key, keys],
    ]);
  }

  protected member(member: ArtifactMember): Value {
    if (!this.isLiteral && member === 'Bucket') return this.bucket(false);
    if (!this.isLiteral && member === 'Uri') return this.text('uri');
    if (!this.isLiteral && member === 'Url') return this.text('https-url');
    return this.#lookUp('Location', (asset) =>
      member === 'ObjectVersion' ? (asset.location.objectVersion ?? NO_VERSION) : literalOf(asset.member(member)),
    );
  }

  protected bucket(asArn: boolean): Value {
    const { location, logicalId, bucket, bucketArn } = this.first;
    const shared = this.assets.every((asset) => asset.location.bucket === location.bucket);
    if (shared || logicalId !== undefined) return (asArn ? bucketArn : bucket).value;
    return this.#lookUp('Bucket', (asset) => literalOf(asArn ? asset.bucketArn : asset.bucket));
  }

  protected key(): Value {
    return this.#lookUp('Key', ({ location }) => location.key);
  }

  /** The reference of a loop answers for the bucket alone, so versions are literal. */
  protected objectVersion(): Value | undefined {
    if (this.assets.some(({ location }) => location.objectVersion === undefined)) return undefined;
    return this.#lookUp('Version', ({ location }) => location.objectVersion ?? NO_VERSION);
  }

  #lookUp(member: LoopMember, of: (asset: Asset) => string): Value {
    return this.#mappings.lookUp(this.place, member, this.assets.map(of));
  }
}

function literally(content: string): Part {
  return { sub: inSub(content), value: text(content) };
}

function composed(template: string): Part {
  return { sub: template, value: sub(template) };
}

function attribute(logicalId: string, name: string): Part {
  return { sub: `\${${logicalId}.${name}}`, value: getAtt(logicalId, name) };
}

/** The text of a part that has no function in it. */
function literalOf({ value }: Part): string {
  return value.kind === 'text' ? value.text : '';
}

/** A key as it stands in an URL. */
function encoded(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}
