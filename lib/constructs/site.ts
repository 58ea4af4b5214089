import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Fn, RemovalPolicy } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  type BehaviorOptions,
  CachePolicy,
  Distribution,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  OriginSslPolicy,
  PriceClass,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import { ZoneBucket } from '#lib/constructs/zone-bucket.ts';
import type { Environment, PageSettings } from '#lib/environments.ts';
import { cacheControlOf, SITE_HEADERS } from '#lib/serving/site-headers.ts';

export interface SiteProps {
  environment: Environment;
  settings: PageSettings;
  /** What `buildSite` has written. */
  folder: string;
  apiUrl: string;
}

/** What goes to the API instead of the bucket, with the fewest methods CloudFront has for it. */
const TO_THE_API = {
  '/page/*': AllowedMethods.ALLOW_ALL,
  '/predictions/*': AllowedMethods.ALLOW_ALL,
  '/health': AllowedMethods.ALLOW_GET_HEAD,
};

/**
 * The page: files in a private bucket and the API behind one CloudFront address, so that the page asks its own origin.
 *
 * No error pages: they would replace the API's own refusals too. No access logs: they have paths, and paths of
 * predictions have keys in them; the API logs its routes.
 */
export class Site extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, { environment, settings, folder, apiUrl }: SiteProps) {
    super(scope, id);
    const { domain } = settings;
    // Nothing in it that the next deploy would not make again.
    const bucket = new ZoneBucket(this, 'Files', { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: false });
    const common = {
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      responseHeadersPolicy: headersPolicy(this, `presage-${environment.name}-page`),
    };
    const api = new HttpOrigin(Fn.parseDomainName(apiUrl), {
      protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
      originSslProtocols: [OriginSslPolicy.TLS_V1_2],
      // As long as the gateway itself waits.
      readTimeout: Duration.seconds(30),
    });
    const toTheApi = (allowedMethods: AllowedMethods): BehaviorOptions => ({
      ...common,
      origin: api,
      allowedMethods,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      // With the token; the host has to be the gateway's own.
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    });
    const distribution = new Distribution(this, 'Distribution', {
      comment: `Presage ${environment.name}: the page`,
      defaultRootObject: 'index.html',
      defaultBehavior: {
        ...common,
        origin: S3BucketOrigin.withOriginAccessControl(bucket),
        allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        compress: true,
      },
      additionalBehaviors: Object.fromEntries(
        Object.entries(TO_THE_API).map(([path, methods]) => [path, toTheApi(methods)]),
      ),
      httpVersion: HttpVersion.HTTP2_AND_3,
      priceClass: PriceClass.PRICE_CLASS_100,
      ...(domain
        ? {
            domainNames: [domain.name],
            // CloudFront heeds it for a certificate of our own only.
            minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
            certificate: Certificate.fromCertificateArn(this, 'Certificate', domain.certificateArn),
          }
        : {}),
    });
    this.upload(bucket, folder, environment.retentionDays);
    this.url = `https://${domain?.name ?? distribution.distributionDomainName}/`;
  }

  /**
   * The files, each with how long it may be kept. First what has its hash in its name, and what was there stays: whoever
   * has the former page open still finds what it loads. Nothing has to be invalidated.
   */
  private upload(destinationBucket: ZoneBucket, folder: string, retentionDays: number): void {
    const logGroup = new LogGroup(this, 'UploadLog', {
      retention: retentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const common = { destinationBucket, prune: false, logGroup };
    const assets = new BucketDeployment(this, 'Assets', {
      ...common,
      sources: [Source.asset(join(folder, 'assets'))],
      destinationKeyPrefix: 'assets/',
      cacheControl: [CacheControl.fromString(cacheControlOf('assets/'))],
      // An empty bucket is one that CloudFormation can remove with the stack.
      retainOnDelete: false,
    });
    const page = new BucketDeployment(this, 'Page', {
      ...common,
      sources: [Source.data('index.html', readFileSync(join(folder, 'index.html'), 'utf8'))],
      cacheControl: [CacheControl.fromString(cacheControlOf('index.html'))],
      retainOnDelete: false,
    });
    page.node.addDependency(assets);
  }
}

/** SITE_HEADERS as CloudFront wants them: those it has a field for there, the others as they are. */
function headersPolicy(scope: Construct, responseHeadersPolicyName: string): ResponseHeadersPolicy {
  const {
    'content-security-policy': contentSecurityPolicy,
    'strict-transport-security': transport,
    'x-content-type-options': _nosniff,
    'x-frame-options': _deny,
    'referrer-policy': _noReferrer,
    ...others
  } = SITE_HEADERS;
  // What the API says of its own answers stays.
  const override = false;
  return new ResponseHeadersPolicy(scope, 'Headers', {
    responseHeadersPolicyName,
    securityHeadersBehavior: {
      contentSecurityPolicy: { contentSecurityPolicy, override },
      strictTransportSecurity: {
        accessControlMaxAge: Duration.seconds(Number(/max-age=(\d+)/.exec(transport)?.[1])),
        includeSubdomains: true,
        override,
      },
      contentTypeOptions: { override },
      frameOptions: { frameOption: HeadersFrameOption.DENY, override },
      referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override },
    },
    customHeadersBehavior: {
      customHeaders: Object.entries(others).map(([header, value]) => ({ header, value, override })),
    },
  });
}
