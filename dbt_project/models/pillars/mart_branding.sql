{{ pillar_mart("branding", ["ind_investment"]) }}
