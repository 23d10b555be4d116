import type { Domain, Resolution } from '../../repository/index.ts';
import { hasCode, looksLikeArtifactArn, resolve } from '../../repository/index.ts';

/**
 * What a person calls an artifact: an ARN, `repository/id…`, or `id…` in the repository of the command. As both may be meant, the full name is tried
 * first; if neither is there, the failure of the full name is told, unless it can't be one.
 */
export async function resolveArtifact(domain: Domain, text: string, repository: string): Promise<Resolution> {
  try {
    return await resolve(domain, text);
  } catch (error) {
    if (looksLikeArtifactArn(text) || !hasCode(error, 'ARTIFACT_NOT_FOUND', 'INVALID_NAME')) throw error;
    return resolve(domain, `${repository}/${text}`).catch((second: unknown) => {
      throw hasCode(error, 'INVALID_NAME') ? second : error;
    });
  }
}
