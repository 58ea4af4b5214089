import { Aws, Stack } from 'aws-cdk-lib';
import {
  CfnSecurityGroup,
  CfnSecurityGroupEgress,
  CfnSecurityGroupIngress,
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { CfnInstanceProfile, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { Settings } from '#lambdas/shared/settings.ts';
import { objects, sparkData, WRITE } from '#lib/constructs/data-grants.ts';
import type { Lake } from '#lib/constructs/lake.ts';
import type { Environment } from '#lib/environments.ts';

export interface EmrPlatformProps {
  environment: Environment;
  pipeline: string;
  lake: Lake;
  /** The deployed Python files the clusters run. */
  scripts: Asset[];
  sources: Settings['sources'];
}

/**
 * Where the transient clusters of a pipeline run and as whom.
 *
 * Roles of our own, because AWS's managed EMR policies are either far too wide or want a tag of theirs on every
 * subnet and group. The network is a VPC without a way out, with S3 reached through a gateway endpoint; or subnets of
 * the account's own. Security groups are ours and complete, so that EMR has nothing to add to them.
 */
export class EmrPlatform extends Construct {
  readonly settings: NonNullable<Settings['emr']>;
  readonly instanceRole: Role;
  readonly serviceRole: Role;

  constructor(scope: Construct, id: string, props: EmrPlatformProps) {
    super(scope, id);
    const { environment, pipeline } = props;
    const network = environment.network.kind === 'create' ? this.createVpc() : environment.network;
    const groups = this.securityGroups(network.vpcId, pipeline);

    this.instanceRole = new Role(this, 'InstanceRole', {
      description: `Nodes of the EMR clusters of ${pipeline}: what the Spark scripts may read and write`,
      assumedBy: new ServicePrincipal('ec2.amazonaws.com'),
    });
    for (const statement of [...sparkData(this, props), ...objects(props.lake.logs, `emr/${pipeline}/`, WRITE)])
      this.instanceRole.addToPolicy(statement);
    const profile = new CfnInstanceProfile(this, 'Profile', { roles: [this.instanceRole.roleName] });

    this.serviceRole = new Role(this, 'ServiceRole', {
      description: `EMR itself, for the clusters of ${pipeline}`,
      assumedBy: new ServicePrincipal('elasticmapreduce.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
          ArnLike: { 'aws:SourceArn': Stack.of(this).formatArn({ service: 'elasticmapreduce', resource: '*' }) },
        },
      }),
    });
    for (const statement of serviceStatements(this.instanceRole.roleArn)) this.serviceRole.addToPolicy(statement);

    this.settings = {
      serviceRoleArn: this.serviceRole.roleArn,
      instanceProfile: profile.ref,
      instanceRoleArn: this.instanceRole.roleArn,
      subnetIds: [...network.subnetIds],
      releaseLabel: 'emr-7.12.0',
      securityGroups: groups,
    };
  }

  private createVpc() {
    const vpc = new Vpc(this, 'Vpc', {
      // Those the stack tells, which asks for them at deployment.
      maxAzs: 2,
      natGateways: 0,
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [{ name: 'spark', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 20 }],
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
    });
    vpc.addFlowLog('FlowLog', { destination: FlowLogDestination.toCloudWatchLogs() });
    return { vpcId: vpc.vpcId, subnetIds: vpc.isolatedSubnets.map((subnet) => subnet.subnetId) };
  }

  private securityGroups(vpcId: string, pipeline: string) {
    const group = (name: string) =>
      new CfnSecurityGroup(this, `${name}Group`, {
        groupDescription: `EMR ${name.toLowerCase()} of ${pipeline}`,
        vpcId,
        // Without a rule of ours CloudFormation would allow everything out.
        securityGroupEgress: [{ ipProtocol: 'icmp', fromPort: -1, toPort: -1, cidrIp: '127.0.0.1/32' }],
      }).attrGroupId;
    const [master, core, service] = [group('Master'), group('Core'), group('Service')];
    const open = (name: string, from: string, to: string, protocol: string, port?: number) => {
      const ports = port === undefined ? (protocol === 'icmp' ? [-1, -1] : [0, 65_535]) : [port, port];
      const rule = { ipProtocol: protocol, fromPort: ports[0], toPort: ports[1] };
      new CfnSecurityGroupIngress(this, `${name}In`, { ...rule, groupId: to, sourceSecurityGroupId: from });
      new CfnSecurityGroupEgress(this, `${name}Out`, { ...rule, groupId: from, destinationSecurityGroupId: to });
    };
    for (const protocol of ['tcp', 'udp', 'icmp']) {
      open(`MasterMaster${protocol}`, master, master, protocol);
      open(`MasterCore${protocol}`, master, core, protocol);
      open(`CoreMaster${protocol}`, core, master, protocol);
      open(`CoreCore${protocol}`, core, core, protocol);
    }
    open('ServiceMaster', service, master, 'tcp', 8443);
    open('ServiceCore', service, core, 'tcp', 8443);
    open('MasterService', master, service, 'tcp', 9443);
    // Out to S3 through the gateway endpoint, whose addresses are public ones.
    for (const [name, groupId] of Object.entries({ Master: master, Core: core }))
      new CfnSecurityGroupEgress(this, `${name}Https`, {
        groupId,
        ipProtocol: 'tcp',
        fromPort: 443,
        toPort: 443,
        cidrIp: '0.0.0.0/0',
      });
    return { master, core, service };
  }
}

/** What EMR does for a cluster: instances in our subnets, and looking at itself. Not yet proven in an account. */
function serviceStatements(instanceRoleArn: string): PolicyStatement[] {
  return [
    new PolicyStatement({
      sid: 'Look',
      actions: [
        'ec2:DescribeAccountAttributes',
        'ec2:DescribeCapacityReservations',
        'ec2:DescribeDhcpOptions',
        'ec2:DescribeImages',
        'ec2:DescribeInstances',
        'ec2:DescribeInstanceTypeOfferings',
        'ec2:DescribeLaunchTemplates',
        'ec2:DescribeNetworkAcls',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribePlacementGroups',
        'ec2:DescribeRouteTables',
        'ec2:DescribeSecurityGroups',
        'ec2:DescribeSpotPriceHistory',
        'ec2:DescribeSubnets',
        'ec2:DescribeVolumes',
        'ec2:DescribeVolumeStatus',
        'ec2:DescribeVpcAttribute',
        'ec2:DescribeVpcEndpoints',
        'ec2:DescribeVpcs',
      ],
      resources: ['*'],
    }),
    new PolicyStatement({
      sid: 'Launch',
      actions: [
        'ec2:CreateFleet',
        'ec2:CreateLaunchTemplate',
        'ec2:CreateLaunchTemplateVersion',
        'ec2:RunInstances',
        'ec2:CreateNetworkInterface',
        'ec2:CreateTags',
      ],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:RequestedRegion': Aws.REGION } },
    }),
    new PolicyStatement({
      sid: 'EndWhatEmrStarted',
      actions: [
        'ec2:TerminateInstances',
        'ec2:ModifyInstanceAttribute',
        'ec2:DeleteLaunchTemplate',
        'ec2:DeleteNetworkInterface',
        'ec2:DetachVolume',
        'ec2:DeleteVolume',
      ],
      resources: ['*'],
      conditions: { StringLike: { 'ec2:ResourceTag/aws:elasticmapreduce:job-flow-id': '*' } },
    }),
    new PolicyStatement({
      sid: 'HandTheNodesTheirRole',
      actions: ['iam:PassRole'],
      resources: [instanceRoleArn],
      conditions: { StringEquals: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
    }),
  ];
}
