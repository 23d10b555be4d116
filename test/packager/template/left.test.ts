import { describe, expect, test } from '@jest/globals';
import { left } from './search.ts';

describe('what stays as it is says why', () => {
  test.each([
    // A file of that name is here, and it is still the source's that is meant.
    ['build.yml', 'remote', 'only what begins with ./ or ../ is a path here'],
    ['./other.yml', 'remote', 'it is no path at which something is'],
    ['arn:aws:s3:::b/k', 'remote', 'it is an ARN'],
    ['"{{resolve:ssm:spec}}"', 'remote', 'it is known at the deploy alone'],
    ['s3://b/k/', 'in-s3', 'it is in S3 already'],
    ['https://a.example/b', 'remote', 'it is a URL'],
  ])('a BuildSpec of AWS::CodeBuild::Project: %s', (value, reason, why) => {
    const source = `Resources:\n  R:\n    Type: AWS::CodeBuild::Project\n    Properties: {Source: {BuildSpec: ${value}}}\n`;
    expect(left(source, { disk: ['build.yml', './build.yml'] })).toEqual([`Source.BuildSpec (${reason}): ${why}`]);
  });

  test.each([
    ['command-runner.jar', 'it means something to the service'],
    ['hdfs:///a.jar', 'it is a URI'],
    ['other.jar', 'it is no path at which something is'],
    ['jars', 'a folder is there, and a file is wanted'],
  ])('a step of AWS::EMR::Cluster: %s', (jar, why) => {
    const source = `Resources:\n  R:\n    Type: AWS::EMR::Cluster\n    Properties: {Steps: [{HadoopJarStep: {Jar: '${jar}'}}]}\n`;
    expect(left(source, { disk: ['jars/'] })).toEqual([`Steps.[].HadoopJarStep.Jar (remote): ${why}`]);
  });
});
