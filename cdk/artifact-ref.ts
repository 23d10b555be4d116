import type { CodeConfig } from 'aws-cdk-lib/aws-lambda';
import { Code, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CfnResource, Fn, Token } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { looksLikeArtifactArn, parseArn } from '../repository/arn.ts';
import { ArtifactError } from '../repository/error.ts';
import { formatArtifactName, parseSelector } from '../repository/name.ts';

export interface ArtifactRefProps {
  /**
   * The ARN of a version or of content, `arn:aws:artifacts:…:default/shop/api:3`; or a bookmark, `default/shop/api^prod`, for which
   * `cfn-artifacts package` writes the ARN of the version that it names then.
   */
  readonly artifact: string;
}

/** What a domain's stack exports. */
const SERVICE_TOKEN = 'cfn-artifacts-ServiceToken';
/** Seconds, as `cfn-artifacts package` writes it. */
const SERVICE_TIMEOUT = 300;

/**
 * An artifact that is there already, and that its stack needs: a `Custom::ArtifactRef`. For as long as the stack has it, nobody can delete its content.
 * For what lies beside the app, take an asset.
 */
export class ArtifactRef extends Construct {
  /** The definite ARN: version and digest. */
  readonly arn: string;
  /** What it stands in, to be granted from. */
  readonly bucket: IBucket;
  readonly bucketName: string;
  readonly key: string;
  /** Of the object in S3. */
  readonly objectVersion: string;
  /** `s3://bucket/key`. */
  readonly s3Uri: string;
  /** `https://…`. */
  readonly url: string;
  /** The version's number. */
  readonly version: string;
  /** SHA-256 of the content, 64 hexadecimal digits. */
  readonly digest: string;
  /** The same in base64, as Lambda prints it. */
  readonly codeSha256: string;
  /** Of the content, in bytes. */
  readonly size: string;
  readonly #artifact: string;

  /** @throws ArtifactError INVALID_ARN, INVALID_NAME, INVALID_ARGUMENT */
  constructor(scope: Construct, id: string, { artifact }: ArtifactRefProps) {
    super(scope, id);
    this.#artifact = artifact;
    const bookmark = bookmarkIn(artifact);
    const resource = new CfnResource(this, 'Resource', {
      type: 'Custom::ArtifactRef',
      properties: {
        ServiceToken: Fn.importValue(SERVICE_TOKEN),
        ServiceTimeout: SERVICE_TIMEOUT,
        ArtifactArn: artifact,
        // On record, so that whoever moves the bookmark is told of this stack.
        ResolvedFrom: bookmark,
      },
    });
    const attribute = (name: string): string => resource.getAtt(name).toString();
    this.arn = attribute('Arn');
    this.bucketName = attribute('Bucket');
    this.bucket = Bucket.fromBucketName(this, 'Bucket', this.bucketName);
    this.key = attribute('Key');
    this.objectVersion = attribute('ObjectVersion');
    this.s3Uri = attribute('Uri');
    this.url = attribute('Url');
    this.version = attribute('Version');
    this.digest = attribute('Digest');
    this.codeSha256 = attribute('CodeSha256');
    this.size = attribute('Size');
  }

  /** For a function or a layer: the artifact is a zip. */
  asCode(): Code {
    return new ArtifactCode(this, this.#artifact);
  }
}

class ArtifactCode extends Code {
  readonly isInline = false;
  readonly #ref: ArtifactRef;
  readonly #artifact: string;

  constructor(ref: ArtifactRef, artifact: string) {
    super();
    this.#ref = ref;
    this.#artifact = artifact;
  }

  override bind(scope: Construct): CodeConfig {
    // The function itself stays the same text when another artifact is named; its current version must not.
    if (scope instanceof LambdaFunction) scope.invalidateVersionBasedOn(this.#artifact);
    return { s3Location: { bucketName: this.#ref.bucketName, objectKey: this.#ref.key } };
  }
}

/** `undefined` for an ARN. @throws ArtifactError where it is neither */
function bookmarkIn(artifact: string): string | undefined {
  if (Token.isUnresolved(artifact)) {
    throw new ArtifactError('INVALID_ARGUMENT', 'the artifact is known only at the deploy', {
      remedy: 'Name it in plain text: a stack refers to what its template names.',
    });
  }
  if (looksLikeArtifactArn(artifact)) {
    parseArn(artifact);
    return undefined;
  }
  const selector = artifact.includes('^') ? parseSelector(artifact) : undefined;
  if (selector?.selection?.by === 'bookmark') return `${formatArtifactName(selector)}^${selector.selection.bookmark}`;
  throw new ArtifactError('INVALID_ARGUMENT', `'${artifact}' is neither an artifact's ARN nor a bookmark`, {
    remedy: 'Write arn:aws:artifacts:… or REPOSITORY/ID^BOOKMARK; for a file or folder of the app, take an asset.',
  });
}
