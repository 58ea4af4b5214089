import { beforeAll, describe, expect, it } from 'vitest';
import { type Environment, environments } from '#lib/environments.ts';
import { SITE_HEADERS } from '#lib/serving/site-headers.ts';
import { type Json, resourcesOf, SYNTH_MS, synthTemplates, type Template } from '#test/stacks/synth.ts';

const dev: Environment = { ...environments.dev, account: '111111111111' };

/** The templates of an API for vouchers alone. */
const synth = async (environment: Environment): Promise<Template> => {
  const context = { pipeline: 'vouchers', serving: 'true' };
  const templates = await synthTemplates({ environments: { [environment.name]: environment }, context });
  return templates[`presage-${environment.name}-serving`] as Template;
};

let template: Template;
beforeAll(async () => {
  template = await synth(dev);
}, SYNTH_MS);

const only = (type: string, of = template): Json => {
  const found = resourcesOf(of, type);
  expect(found).toHaveLength(1);
  return found[0]?.Properties;
};
const distribution = (of = template) => only('AWS::CloudFront::Distribution', of).DistributionConfig;

describe('the page', () => {
  it('is made where the environment asks for it, and never on the laptop', async () => {
    const { page: _, ...serving } = environments.dev.serving;
    const without = await synth({ ...dev, serving });
    const local = await synth({ ...environments.local, serving: environments.dev.serving });
    for (const made of [without, local]) {
      expect(resourcesOf(made, 'AWS::CloudFront::Distribution')).toEqual([]);
      expect(resourcesOf(made, 'Custom::CDKBucketDeployment')).toEqual([]);
    }
  }, 120_000);

  it('lies in a bucket that only this distribution reads, over TLS', () => {
    const bucket = only('AWS::S3::Bucket');
    expect(Object.values(bucket.PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
    const { Statement } = only('AWS::S3::BucketPolicy').PolicyDocument;
    const allowed = Statement.filter(({ Effect }: Json) => Effect === 'Allow');
    expect(allowed).toEqual([
      expect.objectContaining({
        Action: 's3:GetObject',
        Principal: { Service: 'cloudfront.amazonaws.com' },
        Condition: { StringEquals: { 'AWS:SourceArn': expect.anything() } },
      }),
    ]);
    expect(JSON.stringify(Statement)).toContain('aws:SecureTransport');
    expect(only('AWS::CloudFront::OriginAccessControl').OriginAccessControlConfig.SigningBehavior).toBe('always');
  });

  it('goes with the stack: nothing in the bucket is not made again by a deploy', () => {
    const [bucket] = resourcesOf(template, 'AWS::S3::Bucket');
    expect(bucket?.DeletionPolicy).toBe('Delete');
    for (const { Properties } of resourcesOf(template, 'Custom::CDKBucketDeployment'))
      expect(Properties.RetainOnDelete).toBe(false);
  });

  it('is kept by browsers as long as its name says: files with a hash forever, the page not at all', () => {
    const deployments = resourcesOf(template, 'Custom::CDKBucketDeployment').map(({ Properties }) => [
      Properties.DestinationBucketKeyPrefix ?? '',
      Properties.SystemMetadata['cache-control'],
      Properties.Prune,
    ]);
    expect(deployments.sort()).toEqual([
      ['', 'no-cache', false],
      ['assets/', 'public, max-age=31536000, immutable', false],
    ]);
  });

  it('is uploaded after what it loads', () => {
    const deployments = resourcesOf(template, 'Custom::CDKBucketDeployment') as Json[];
    const assets = deployments.find(({ Properties }) => Properties.DestinationBucketKeyPrefix);
    const page = deployments.find(({ Properties }) => !Properties.DestinationBucketKeyPrefix);
    expect(page.DependsOn).toContain(assets.id);
  });

  it('has the name of the environment and TLS 1.2 at least where the environment gives it a domain', async () => {
    const domain = {
      name: 'presage.example.com',
      certificateArn: 'arn:aws:acm:us-east-1:111111111111:certificate/0a1b2c3d-0000-1111-2222-333344445555',
    };
    const page = { ...environments.dev.serving.page, domain };
    const made = await synth({ ...dev, serving: { ...environments.dev.serving, page } });
    expect(distribution(made)).toMatchObject({
      Aliases: ['presage.example.com'],
      ViewerCertificate: { MinimumProtocolVersion: 'TLSv1.2_2021', SslSupportMethod: 'sni-only' },
    });
    await expect(
      synth({
        ...dev,
        serving: {
          ...environments.dev.serving,
          page: {
            ...page,
            domain: { ...domain, certificateArn: domain.certificateArn.replace('us-east-1', 'eu-west-1') },
          },
        },
      }),
    ).rejects.toThrow(/serving\.page\.domain\.certificateArn: use one of us-east-1/);
  }, 120_000);
});

describe('CloudFront', () => {
  it('passes on to the API what the page asks it, uncached, and nothing else', () => {
    const behaviours = distribution().CacheBehaviors.map((one: Json) => [
      one.PathPattern,
      one.AllowedMethods.length,
      one.CachePolicyId,
      one.OriginRequestPolicyId,
      one.ViewerProtocolPolicy,
    ]);
    // The ids are AWS's own: CachingDisabled, and AllViewerExceptHostHeader, which passes the token on.
    const [uncached, viewer] = ['4135ea2d-6df8-44a3-9df3-4b5a84be39ad', 'b689b0a8-53d0-40ab-baf2-68738e2966ac'];
    expect(behaviours).toEqual([
      ['/page/*', 7, uncached, viewer, 'redirect-to-https'],
      ['/predictions/*', 7, uncached, viewer, 'redirect-to-https'],
      ['/health', 2, uncached, viewer, 'redirect-to-https'],
    ]);
  });

  it('reaches the API over TLS 1.2, for as long as the gateway waits', () => {
    const api = distribution().Origins.find((origin: Json) => origin.CustomOriginConfig);
    expect(api.CustomOriginConfig).toMatchObject({
      OriginProtocolPolicy: 'https-only',
      OriginSSLProtocols: ['TLSv1.2'],
      OriginReadTimeout: 30,
    });
  });

  it('writes no log of paths and puts no page in the place of a refusal', () => {
    expect(distribution().Logging).toBeUndefined();
    expect(distribution().CustomErrorResponses).toBeUndefined();
  });

  it('sends the same headers as the laptop', () => {
    const { SecurityHeadersConfig: security, CustomHeadersConfig: custom } = only(
      'AWS::CloudFront::ResponseHeadersPolicy',
    ).ResponseHeadersPolicyConfig;
    const { AccessControlMaxAgeSec, IncludeSubdomains } = security.StrictTransportSecurity;
    expect({
      'content-security-policy': security.ContentSecurityPolicy.ContentSecurityPolicy,
      'referrer-policy': security.ReferrerPolicy.ReferrerPolicy,
      'strict-transport-security': `max-age=${AccessControlMaxAgeSec}${IncludeSubdomains ? '; includeSubDomains' : ''}`,
      'x-content-type-options': security.ContentTypeOptions ? 'nosniff' : undefined,
      'x-frame-options': security.FrameOptions.FrameOption,
      ...Object.fromEntries(custom.Items.map(({ Header, Value }: Json) => [Header, Value])),
    }).toEqual(SITE_HEADERS);
  });
});
