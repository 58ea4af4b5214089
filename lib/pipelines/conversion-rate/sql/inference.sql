-- The pairs that `requests` asks for, by the attributes given there; without such a file every pair that was seen, also
-- those that were not trained on.
WITH asked AS (
  SELECT
    entity_id,
    device,
    -- The same sum as in features.sql.
    CAST(
      CAST(att160 AS double) * 6.842277657836021E-49
      + CAST(att159 AS double) * 1.3684555315672042E-48
      + CAST(att158 AS double) * 2.7369110631344083E-48
      + CAST(att157 AS double) * 5.473822126268817E-48
      + CAST(att156 AS double) * 1.0947644252537633E-47
      + CAST(att155 AS double) * 2.1895288505075267E-47
      + CAST(att154 AS double) * 4.3790577010150533E-47
      + CAST(att153 AS double) * 8.758115402030107E-47
      + CAST(att152 AS double) * 1.7516230804060213E-46
      + CAST(att151 AS double) * 3.503246160812043E-46
      + CAST(att150 AS double) * 7.006492321624085E-46
      + CAST(att149 AS double) * 1.401298464324817E-45
      + CAST(att148 AS double) * 2.802596928649634E-45
      + CAST(att147 AS double) * 5.605193857299268E-45
      + CAST(att146 AS double) * 1.1210387714598537E-44
      + CAST(att145 AS double) * 2.2420775429197073E-44
      + CAST(att144 AS double) * 4.484155085839415E-44
      + CAST(att143 AS double) * 8.96831017167883E-44
      + CAST(att142 AS double) * 1.793662034335766E-43
      + CAST(att141 AS double) * 3.587324068671532E-43
      + CAST(att140 AS double) * 7.1746481373430634E-43
      + CAST(att139 AS double) * 1.4349296274686127E-42
      + CAST(att138 AS double) * 2.8698592549372254E-42
      + CAST(att137 AS double) * 5.739718509874451E-42
      + CAST(att136 AS double) * 1.1479437019748901E-41
      + CAST(att135 AS double) * 2.2958874039497803E-41
      + CAST(att134 AS double) * 4.591774807899561E-41
      + CAST(att133 AS double) * 9.183549615799121E-41
      + CAST(att132 AS double) * 1.8367099231598242E-40
      + CAST(att131 AS double) * 3.6734198463196485E-40
      + CAST(att130 AS double) * 7.346839692639297E-40
      + CAST(att129 AS double) * 1.4693679385278594E-39
      + CAST(att128 AS double) * 2.938735877055719E-39
      + CAST(att127 AS double) * 5.877471754111438E-39
      + CAST(att126 AS double) * 1.1754943508222875E-38
      + CAST(att125 AS double) * 2.350988701644575E-38
      + CAST(att124 AS double) * 4.70197740328915E-38
      + CAST(att123 AS double) * 9.4039548065783E-38
      + CAST(att122 AS double) * 1.88079096131566E-37
      + CAST(att121 AS double) * 3.76158192263132E-37
      + CAST(att120 AS double) * 7.52316384526264E-37
      + CAST(att119 AS double) * 1.504632769052528E-36
      + CAST(att118 AS double) * 3.009265538105056E-36
      + CAST(att117 AS double) * 6.018531076210112E-36
      + CAST(att116 AS double) * 1.2037062152420224E-35
      + CAST(att115 AS double) * 2.407412430484045E-35
      + CAST(att114 AS double) * 4.81482486096809E-35
      + CAST(att113 AS double) * 9.62964972193618E-35
      + CAST(att112 AS double) * 1.925929944387236E-34
      + CAST(att111 AS double) * 3.851859888774472E-34
      + CAST(att110 AS double) * 7.703719777548943E-34
      + CAST(att109 AS double) * 1.5407439555097887E-33
      + CAST(att108 AS double) * 3.0814879110195774E-33
      + CAST(att107 AS double) * 6.162975822039155E-33
      + CAST(att106 AS double) * 1.232595164407831E-32
      + CAST(att105 AS double) * 2.465190328815662E-32
      + CAST(att104 AS double) * 4.930380657631324E-32
      + CAST(att103 AS double) * 9.860761315262648E-32
      + CAST(att102 AS double) * 1.9721522630525295E-31
      + CAST(att101 AS double) * 3.944304526105059E-31
      + CAST(att100 AS double) * 7.888609052210118E-31
      + CAST(att99 AS double) * 1.5777218104420236E-30
      + CAST(att98 AS double) * 3.1554436208840472E-30
      + CAST(att97 AS double) * 6.3108872417680944E-30
      + CAST(att96 AS double) * 1.262177448353619E-29
      + CAST(att95 AS double) * 2.524354896707238E-29
      + CAST(att94 AS double) * 5.048709793414476E-29
      + CAST(att93 AS double) * 1.0097419586828951E-28
      + CAST(att92 AS double) * 2.0194839173657902E-28
      + CAST(att91 AS double) * 4.0389678347315804E-28
      + CAST(att90 AS double) * 8.077935669463161E-28
      + CAST(att89 AS double) * 1.6155871338926322E-27
      + CAST(att88 AS double) * 3.2311742677852644E-27
      + CAST(att87 AS double) * 6.462348535570529E-27
      + CAST(att86 AS double) * 1.2924697071141057E-26
      + CAST(att85 AS double) * 2.5849394142282115E-26
      + CAST(att84 AS double) * 5.169878828456423E-26
      + CAST(att83 AS double) * 1.0339757656912846E-25
      + CAST(att82 AS double) * 2.0679515313825692E-25
      + CAST(att81 AS double) * 4.1359030627651384E-25
      + CAST(att80 AS double) * 8.271806125530277E-25
      + CAST(att79 AS double) * 1.6543612251060553E-24
      + CAST(att78 AS double) * 3.308722450212111E-24
      + CAST(att77 AS double) * 6.6174449004242214E-24
      + CAST(att76 AS double) * 1.3234889800848443E-23
      + CAST(att75 AS double) * 2.6469779601696886E-23
      + CAST(att74 AS double) * 5.293955920339377E-23
      + CAST(att73 AS double) * 1.0587911840678754E-22
      + CAST(att72 AS double) * 2.117582368135751E-22
      + CAST(att71 AS double) * 4.235164736271502E-22
      + CAST(att70 AS double) * 8.470329472543003E-22
      + CAST(att69 AS double) * 1.6940658945086007E-21
      + CAST(att68 AS double) * 3.3881317890172014E-21
      + CAST(att67 AS double) * 6.776263578034403E-21
      + CAST(att66 AS double) * 1.3552527156068805E-20
      + CAST(att65 AS double) * 2.710505431213761E-20
      + CAST(att64 AS double) * 5.421010862427522E-20
      + CAST(att63 AS double) * 1.0842021724855044E-19
      + CAST(att62 AS double) * 2.168404344971009E-19
      + CAST(att61 AS double) * 4.336808689942018E-19
      + CAST(att60 AS double) * 8.673617379884035E-19
      + CAST(att59 AS double) * 1.734723475976807E-18
      + CAST(att58 AS double) * 3.469446951953614E-18
      + CAST(att57 AS double) * 6.938893903907228E-18
      + CAST(att56 AS double) * 1.3877787807814457E-17
      + CAST(att55 AS double) * 2.7755575615628914E-17
      + CAST(att54 AS double) * 5.551115123125783E-17
      + CAST(att53 AS double) * 1.1102230246251565E-16
      + CAST(att52 AS double) * 2.220446049250313E-16
      + CAST(att51 AS double) * 4.440892098500626E-16
      + CAST(att50 AS double) * 8.881784197001252E-16
      + CAST(att49 AS double) * 1.7763568394002505E-15
      + CAST(att48 AS double) * 3.552713678800501E-15
      + CAST(att47 AS double) * 7.105427357601002E-15
      + CAST(att46 AS double) * 1.4210854715202004E-14
      + CAST(att45 AS double) * 2.842170943040401E-14
      + CAST(att44 AS double) * 5.6843418860808015E-14
      + CAST(att43 AS double) * 1.1368683772161603E-13
      + CAST(att42 AS double) * 2.2737367544323206E-13
      + CAST(att41 AS double) * 4.547473508864641E-13
      + CAST(att40 AS double) * 9.094947017729282E-13
      + CAST(att39 AS double) * 1.8189894035458565E-12
      + CAST(att38 AS double) * 3.637978807091713E-12
      + CAST(att37 AS double) * 7.275957614183426E-12
      + CAST(att36 AS double) * 1.4551915228366852E-11
      + CAST(att35 AS double) * 2.9103830456733704E-11
      + CAST(att34 AS double) * 5.820766091346741E-11
      + CAST(att33 AS double) * 1.1641532182693481E-10
      + CAST(att32 AS double) * 2.3283064365386963E-10
      + CAST(att31 AS double) * 4.656612873077393E-10
      + CAST(att30 AS double) * 9.313225746154785E-10
      + CAST(att29 AS double) * 1.862645149230957E-9
      + CAST(att28 AS double) * 3.725290298461914E-9
      + CAST(att27 AS double) * 7.450580596923828E-9
      + CAST(att26 AS double) * 1.4901161193847656E-8
      + CAST(att25 AS double) * 2.9802322387695312E-8
      + CAST(att24 AS double) * 5.9604644775390625E-8
      + CAST(att23 AS double) * 1.1920928955078125E-7
      + CAST(att22 AS double) * 2.384185791015625E-7
      + CAST(att21 AS double) * 4.76837158203125E-7
      + CAST(att20 AS double) * 9.5367431640625E-7
      + CAST(att19 AS double) * 1.9073486328125E-6
      + CAST(att18 AS double) * 3.814697265625E-6
      + CAST(att17 AS double) * 7.62939453125E-6
      + CAST(att16 AS double) * 1.52587890625E-5
      + CAST(att15 AS double) * 3.0517578125E-5
      + CAST(att14 AS double) * 6.103515625E-5
      + CAST(att13 AS double) * 1.220703125E-4
      + CAST(att12 AS double) * 2.44140625E-4
      + CAST(att11 AS double) * 4.8828125E-4
      + CAST(att10 AS double) * 9.765625E-4
      + CAST(att9 AS double) * 1.953125E-3
      + CAST(att8 AS double) * 3.90625E-3
      + CAST(att7 AS double) * 7.8125E-3
      + CAST(att6 AS double) * 1.5625E-2
      + CAST(att5 AS double) * 3.125E-2
      + CAST(att4 AS double) * 6.25E-2
      + CAST(att3 AS double) * 1.25E-1
      + CAST(att2 AS double) * 2.5E-1
      + CAST(att1 AS double) * 5E-1
    AS double) AS attrs_scale,
    att5,
    att27,
    att2,
    att34,
    att29,
    att30,
    att9,
    att7,
    att142,
    att11
  FROM requests
  WHERE device IN ('Computer', 'Smartphone', 'Tablet')
)
SELECT
  asked.entity_id,
  asked.device,
  asked.attrs_scale,
  CAST(CASE WHEN asked.device = 'Computer' THEN 1 ELSE 0 END AS bigint) AS computer,
  CAST(CASE WHEN asked.device = 'Smartphone' THEN 1 ELSE 0 END AS bigint) AS smartphone,
  asked.att5,
  asked.att27,
  asked.att2,
  asked.att34,
  asked.att29,
  asked.att30,
  asked.att9,
  asked.att7,
  asked.att142,
  asked.att11
FROM asked
UNION ALL
SELECT
  features.entity_id,
  features.device,
  features.attrs_scale,
  features.computer,
  features.smartphone,
  features.att5,
  features.att27,
  features.att2,
  features.att34,
  features.att29,
  features.att30,
  features.att9,
  features.att7,
  features.att142,
  features.att11
FROM features
-- Not `asked`: a file that names unknown devices only asks for nothing, and is not to be answered with everything.
WHERE (SELECT COUNT(*) FROM requests) = 0
