"""Abbreviations and synonyms of data catalogues: words with one meaning have one concept.

Static word vectors are trained on prose: to them `cust` and `customer`, or `churn` and `attrition`, are hardly alike. The groups
below are those that schemas and descriptions of companies use; a word that is in none is its own concept.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from mlgraph.search.similarity.text.words import stem

_GROUPS: Final = """
user customer client member subscriber shopper buyer consumer patron usr cust cst memb clnt purchaser
id identifier key uid uuid guid pk ident
account acct acc
seller merchant vendor supplier retailer shopkeeper
courier driver rider carrier
employee staff worker personnel emp colleague
organisation organization company firm business enterprise corp org employer
person people individual human
household home
item article
product sku merchandise goods prod
order purchase purch ord
cart basket trolley
transaction txn trx tx trans trn
payment pay pymt pmt remittance
refund reimbursement chargeback
invoice bill billing
amount amt sum value val total ttl
price cost prc charge tariff
fee commission
revenue turnover income sales earning proceeds takings
profit margin gain
discount rebate reduction markdown
quantity qty count cnt number num nbr nr volume vol
average avg mean
minimum min lowest
maximum max highest peak
median p50
deviation stdev stddev std sd spread
percent percentage pct perc share ratio proportion fraction rate rt
score rating grade mark rtg
rank ranking position
probability likelihood propensity prob chance odds
prediction forecast predicted projection pred estimate estimated expected est
label target outcome
feature attribute attr characteristic trait
embedding vector representation emb vec latent encoding
similar alike near nearest close neighbour neighbor comparable related
recommendation recommend suggestion recs suggest recommender reco
model algorithm classifier regressor estimator
train fit learn learned trained
date day dt calendar dat
time timestamp ts datetime tm instant moment clock
hour hr
week wk
month mth mon
quarter qtr
year yr annum
start begin beginning began started commenced opened
end finish finished ended stop closed expiry
duration length elapsed span
age tenure seniority
last latest recent newest
first initial earliest
previous prior former past historic historical history
updated modified changed update mtime edit
created creation inserted ctime registered added
event occurrence happening incident
click tap press clk
view impression exposure shown display seen impr
visit session sess
search query lookup
page screen
website site web portal
advert ad advertisement advertising ads commercial
campaign promotion promo
channel medium
movie film picture
watch viewing viewed stream play playback watched
listen heard listening
song track music tune
artist musician performer
book
review feedback opinion comment remark
text txt message msg content
mail email
phone telephone tel mobile cellphone msisdn
address addr adr
street road
city town municipality
zip postal postcode zipcode
country nation ctry cntry
region area zone district territory
location place geo loc whereabouts
latitude lat
longitude lon lng
distance dist mileage
speed velocity pace
temperature temp
weather climate meteorological
rain rainfall precipitation
energy electricity power
meter gauge
sensor probe detector
device equipment machine appliance dev
vehicle car automobile truck van lorry
trip ride journey travel drive route
delivery shipment shipping dispatch consignment parcel freight deliver ship
warehouse depot stockroom fulfilment fulfillment
stock inventory
store shop outlet branch
late delayed delay overdue tardy lateness
arrival eta arrive
cancel cancelled cancellation canceled aborted
return returned
churn attrition leave leaving lapse defect quit
retention retain loyalty stay
fraud fraudulent scam deceit suspicious illicit
risk hazard danger
default delinquency arrears nonpayment
credit lending loan borrow debt mortgage
balance bal
deposit savings
insurance policy insured
claim loss damage
patient inpatient sufferer
doctor physician clinician practitioner
hospital clinic ward
diagnosis diagnostic condition icd
illness disease disorder sickness
drug medication medicine prescription
visit_none appointment
readmission readmit rehospitalisation
salary wage compensation remuneration
job vacancy opening
applicant candidate jobseeker
student pupil learner
course lesson module
exam assessment
ticket
complaint grievance
problem issue defect fault bug failure error err
anomaly outlier unusual abnormal irregular
quality qual
status state stat
type category cat kind class genre typ ctg
group segment cluster cohort grp seg bucket
tag keyword
name nm title
description desc descr summary
language lang locale
gender sex
birth dob born birthday
image photo photograph img
video clip footage
document doc
audio sound voice
flag indicator ind is bool
daily dly
aggregate aggregated rollup summed agg
table dataset
list catalogue catalog listing directory
master reference
history_none log journal
raw unprocessed landing
clean cleaned cleansed curated
request req
response reply answer resp
latency lag responsiveness
server host node
network net
bandwidth throughput
usage utilisation utilization consumption
subscription membership
upgrade upsell
install installation setup
download dl
login signin logon
signup registration enrolment enrollment onboarding
password credential
currency ccy curr fx
exchange forex
tax vat duty
budget allowance
supply provision
demand
lifetime ltv clv
engagement activity active interaction
popularity popular trending bestselling demanded
frequency freq
recency dormancy
similarity affinity closeness likeness
preference taste liking interest
match matching pairing
duplicate copy replica
weight wt mass
height ht
width wd
size sz dimension
colour color
brand manufacturer maker
farm agriculture crop
yield harvest
soil ground
flight airline aviation
passenger traveller traveler
seat berth
hotel lodging accommodation
room chamber
booking reservation booked reserve
guest visitor
restaurant eatery diner
meal dish food cuisine
game gaming
player gamer
level tier
goal_none objective
team squad
contract agreement
lead prospect
opportunity deal
conversion convert converted
bounce exit
spend spending expenditure outlay expense
hourly
wait waiting queue
capacity
load burden
"""


def _concepts() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _GROUPS.split("\n"):
        members = [stem(word) for word in line.split()]
        for word in members:
            found.setdefault(word, found.get(members[0], members[0]))
    return found


_CONCEPTS: Final = _concepts()


@lru_cache(1 << 16)
def concept(word: str) -> str:
    """Return the concept of a stemmed word: one word for all that mean the same, else the word itself."""
    return _CONCEPTS.get(word, word)
