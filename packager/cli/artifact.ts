import type { Domain, Resolution } from '../../repository/index.ts';
import { hasCode, listVersionNumbers, looksLikeArtifactArn, parseSelector, resolve } from '../../repository/index.ts';

/**
 * What a person calls an artifact: an ARN, `repository/id…`, or `id…` in the repository of the command. As both may be meant, the full name is tried
 * first. If neither names anything, the failure is that of the artifact that there is; else that of the full name, unless it can't be one.
 */
export async function resolveArtifact(domain: Domain, text: string, repository: string): Promise<Resolution> {
  const inRepository = `${repository}/${text}`;
  try {
    return await resolve(domain, text);
  } catch (error) {
    if (looksLikeArtifactArn(text) || !hasCode(error, 'ARTIFACT_NOT_FOUND', 'INVALID_NAME')) throw error;
    try {
      return await resolve(domain, inRepository);
    } catch (second) {
      if (!hasCode(second, 'ARTIFACT_NOT_FOUND', 'INVALID_NAME')) throw second;
      if (hasCode(error, 'INVALID_NAME')) throw second;
      throw !(await isThere(domain, text)) && (await isThere(domain, inRepository)) ? second : error;
    }
  }
}

async function isThere(domain: Domain, text: string): Promise<boolean> {
  for await (const number of listVersionNumbers(domain, parseSelector(text))) return number > 0;
  return false;
}
