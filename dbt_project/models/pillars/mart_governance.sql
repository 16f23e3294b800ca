{{ pillar_mart("governance") }}
