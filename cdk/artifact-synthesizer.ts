import type {
  CfnStack,
  DockerImageAssetLocation,
  DockerImageAssetSource,
  FileAssetLocation,
  FileAssetSource,
  IBoundStackSynthesizer,
  ISynthesisSession,
  Stack,
} from 'aws-cdk-lib/core';
import {
  Annotations,
  AssetManifestBuilder,
  AssetStaging,
  FileAssetPackaging,
  NestedStack,
  StackSynthesizer,
  Token,
} from 'aws-cdk-lib/core';
import { ArtifactError } from '../repository/error.ts';
import { artifactName } from './artifact-name.ts';

export interface ArtifactSynthesizerProps {
  /**
   * The Amazon ECR repository for Docker images, which stay with the CDK. It may hold `${AWS::AccountId}` and `${AWS::Region}`.
   *
   * @default - the one that `cdk bootstrap` makes
   */
  readonly imageRepositoryName?: string;
}

/** As `cdk bootstrap` names it where it is given no qualifier. */
const BOOTSTRAPPED_IMAGES = 'cdk-hnb659fds-container-assets-${AWS::AccountId}-${AWS::Region}';

/** By which it is acknowledged. */
const IMAGES_WARNING = 'cfn-artifacts:docker-images';

/**
 * Writes templates for `cfn-artifacts package`: a file asset stands in them as `Fn::Artifact`, with its path and, as its name, the path of the construct
 * that has it. No stack, bucket or role of `cdk bootstrap` is asked for.
 *
 * For one stack (`synthesizer`), or all stacks of an app (`defaultStackSynthesizer`); nested stacks do as the stack around them.
 *
 * An IReusableStackSynthesizer; said in words alone, because none of the CDK's own is one to a compiler that takes optional properties exactly.
 */
export class ArtifactSynthesizer extends StackSynthesizer {
  readonly #props: ArtifactSynthesizerProps;
  readonly #images = new AssetManifestBuilder();
  /** By path: what several constructs share is one artifact, named after the first. */
  readonly #names = new Map<string, string>();

  constructor(props: ArtifactSynthesizerProps = {}) {
    super();
    this.#props = props;
  }

  reusableBind(stack: Stack): IBoundStackSynthesizer {
    const own = new ArtifactSynthesizer(this.#props);
    own.bind(stack);
    return own as IBoundStackSynthesizer;
  }

  addFileAsset(asset: FileAssetSource): FileAssetLocation {
    const { fileName: Path, packaging } = asset;
    if (Path === undefined) {
      const name = asset.displayName ?? asset.sourceHash;
      throw new ArtifactError(
        'INVALID_ARGUMENT',
        `the asset '${name}' of '${this.boundStack.node.path}' is made by a command when it is published`,
        {
          remedy:
            "Make the file before 'cdk synth': 'cfn-artifacts package' takes files and folders, and runs nothing.",
        },
      );
    }
    this.#referTo(Path);
    const artifact = { Path, Zip: packaging === FileAssetPackaging.ZIP_DIRECTORY, Name: this.#nameOf(asset, Path) };
    const member = (Form: string): string => joined({ 'Fn::Artifact': { ...artifact, Form } });
    return {
      bucketName: member('Bucket'),
      objectKey: member('Key'),
      s3ObjectUrl: member('Uri'),
      httpUrl: member('Url'),
    };
  }

  /**
   * Images are built and pushed by the CDK's own tools, by the manifest beside the template. The stack warns of that: that an image is not there is noticed
   * at the deploy otherwise.
   */
  addDockerImageAsset(asset: DockerImageAssetSource): DockerImageAssetLocation {
    const stack = this.boundStack;
    const repositoryName = this.#props.imageRepositoryName ?? BOOTSTRAPPED_IMAGES;
    const destination = this.#images.defaultAddDockerImageAsset(stack, asset, { repositoryName });
    Annotations.of(stack).addWarningV2(
      IMAGES_WARNING,
      `'cfn-artifacts package' neither builds nor pushes Docker images: before the deploy, push them by 'npx cdk-assets publish --path cdk.out/${stack.artifactId}.assets.json'. ${this.#aboutRepository()}`,
    );
    return this.cloudFormationLocationFromDockerImageAsset(destination);
  }

  #aboutRepository(): string {
    const { imageRepositoryName } = this.#props;
    return imageRepositoryName === undefined
      ? "They go to the repository that only 'cdk bootstrap' makes: run it, or name one of yours by imageRepositoryName of ArtifactSynthesizer"
      : `They go to the repository '${imageRepositoryName}', which must be there`;
  }

  synthesize(session: ISynthesisSession): void {
    this.synthesizeTemplate(session);
    const additionalDependencies = this.#images.hasAssets ? [this.#images.emitManifest(this.boundStack, session)] : [];
    this.emitArtifact(session, { additionalDependencies });
  }

  /**
   * A nested stack puts its template's URL together from bucket and key, where nothing says that behind them is a template, with assets of its own. As a
   * path in TemplateURL, it is packaged as one.
   */
  #referTo(templateFile: string): void {
    const nested = this.boundStack.node.findAll().filter((one) => NestedStack.isNestedStack(one));
    for (const { nestedStackResource } of nested.filter((one) => one.templateFile === templateFile)) {
      (nestedStackResource as CfnStack).templateUrl = joined(templateFile);
    }
  }

  #nameOf({ sourceHash, displayName }: FileAssetSource, path: string): string {
    const known = this.#names.get(path);
    if (known !== undefined) return known;
    const { node } = this.boundStack;
    // What is staged for the first time belongs to the construct that asks.
    const staging = node.findAll().find((one) => one instanceof AssetStaging && one.assetHash === sourceHash);
    const owner = staging?.node.scope?.node.path ?? `${node.path}/${displayName ?? path}`;
    const name = artifactName(owner, new Set(this.#names.values()));
    this.#names.set(path, name);
    return name;
  }
}

/** The CDK looks through what it wrote: where text is wanted it knows no functions but CloudFormation's, and it warns of paths. Of Fn::Join it asks nothing. */
function joined(part: unknown): string {
  return Token.asString({ 'Fn::Join': ['', [part]] });
}
