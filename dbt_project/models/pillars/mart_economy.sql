{{ pillar_mart("economy") }}
