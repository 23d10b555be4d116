export { ArtifactRef } from './artifact-ref.ts';
export type { ArtifactRefProps } from './artifact-ref.ts';
export { ArtifactSynthesizer } from './artifact-synthesizer.ts';
export type { ArtifactSynthesizerProps } from './artifact-synthesizer.ts';
