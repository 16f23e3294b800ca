{{ pillar_mart("environment") }}
