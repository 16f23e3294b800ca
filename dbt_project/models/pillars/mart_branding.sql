{{ pillar_mart("branding") }}
