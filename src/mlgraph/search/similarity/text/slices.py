"""Words that name a slice of data: places, periods, platforms, environments, numbers.

Two assets that differ in such a word alone are made by one template for two slices (`orders_eu` and `orders_us`), and neither can
take the place of the other. Assets that differ in environment or version alone are copies of each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from mlgraph.search.similarity.text.words import listed


class Slice(IntEnum):
    """What a word restricts the data to; the numbers are those of `slice_of`."""

    NONE = 0
    PLACE = 1
    PERIOD = 2
    PLATFORM = 3
    NUMBER = 4
    ENVIRONMENT = 5
    VERSION = 6
    AUDIENCE = 7


_PLACES: Final = listed(
    """
    africa america americas asia europe oceania australia antarctica caribbean scandinavia nordic nordics baltic balkans
    benelux dach iberia emea apac latam amer mena anz cis eu eea us usa uk gb uae roe domestic international overseas north
    south east west northern southern eastern western northeast northwest southeast southwest central northamerica
    southamerica eucentral euwest useast uswest apsouth afghanistan albania algeria andorra angola argentina armenia austria
    azerbaijan bahamas bahrain bangladesh barbados belarus belgium belize benin bhutan bolivia bosnia botswana brazil brunei
    bulgaria burundi cambodia cameroon canada chad chile china colombia congo croatia cuba cyprus czechia denmark djibouti
    dominica ecuador egypt england estonia eritrea eswatini ethiopia fiji finland france gabon gambia georgia germany ghana
    greece greenland grenada guatemala guinea guyana haiti honduras hungary iceland india indonesia iran iraq ireland israel
    italy jamaica japan jordan kazakhstan kenya korea kosovo kuwait kyrgyzstan laos latvia lebanon lesotho liberia libya
    liechtenstein lithuania luxembourg madagascar malawi malaysia maldives mali malta mauritania mauritius mexico moldova
    monaco mongolia montenegro morocco mozambique myanmar namibia nepal netherlands nicaragua niger nigeria norway oman
    pakistan palestine panama paraguay peru philippines poland portugal qatar romania russia rwanda samoa scotland senegal
    serbia seychelles singapore slovakia slovenia somalia spain sudan suriname sweden switzerland syria taiwan tajikistan
    tanzania thailand togo tunisia turkey turkmenistan uganda ukraine uruguay uzbekistan vanuatu venezuela vietnam wales
    yemen zambia zimbabwe german french spanish italian british american european asian african australian canadian chinese
    japanese korean indian brazilian mexican dutch belgian swiss austrian polish swedish norwegian danish finnish portuguese
    turkish russian alabama alaska arizona arkansas california colorado connecticut delaware florida hawaii idaho illinois
    indiana iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana
    nebraska nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont virginia wisconsin wyoming bavaria
    catalonia quebec ontario queensland london paris berlin madrid rome vienna amsterdam brussels lisbon dublin copenhagen
    stockholm oslo helsinki warsaw prague budapest athens zurich geneva munich hamburg barcelona milan istanbul moscow kyiv
    dubai mumbai delhi bangalore beijing shanghai shenzhen tokyo osaka seoul taipei bangkok jakarta manila hanoi sydney
    melbourne auckland toronto montreal vancouver chicago boston seattle dallas houston austin denver miami atlanta phoenix
    nyc sfo lax cairo lagos nairobi johannesburg de fr es nl pl se dk fi ie pt gr cz hu ro bg ch jp cn kr br mx ca au nz sg
    hk tw th vn ph za ng ke eg ae tr ru ua
    """
)
_PERIODS: Final = listed(
    """
    hourly daily weekly biweekly fortnightly monthly quarterly yearly annual intraday realtime minutely
    """
)
_PLATFORMS: Final = listed(
    """
    ios android web desktop mobile tablet tv ctv roku xbox playstation windows macos linux iphone ipad
    """
)
_AUDIENCES: Final = listed(
    """
    b2b b2c smb sme corporate wholesale retail kids adult adults men women mens womens male female premium freemium prepaid
    postpaid
    """
)
_ENVIRONMENTS: Final = listed(
    """
    prod production prd live dev develop development test testing tst qa uat stage staging stg sandbox preprod preproduction
    nonprod int integration canary demo local experimental playground
    """
)

SLICES: Final[Mapping[str, Slice]] = {
    **dict.fromkeys(_PLACES, Slice.PLACE),
    **dict.fromkeys(_PERIODS, Slice.PERIOD),
    **dict.fromkeys(_PLATFORMS, Slice.PLATFORM),
    **dict.fromkeys(_AUDIENCES, Slice.AUDIENCE),
    **dict.fromkeys(_ENVIRONMENTS, Slice.ENVIRONMENT),
    "v": Slice.VERSION,
    "version": Slice.VERSION,
}


PROSE: Final = frozenset(listed("us de es se ch ca ph tr int test live local turkey chad male"))
"""Words that mean something else in a sentence: they count in names only."""


def slice_of(word: str) -> Slice:
    """Return what a split word, not stemmed, restricts data to."""
    if word.isdigit():
        return Slice.NUMBER
    return SLICES.get(word, Slice.NONE)
